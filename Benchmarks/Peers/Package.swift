// swift-tools-version: 6.2
import PackageDescription

// The peers that are Swift packages. Apart from the other servers, so that only a comparison fetches and builds them.
let nio: [Target.Dependency] = [
    "PeerOptions",
    "NIOLines",
    .product(name: "NIOCore", package: "swift-nio"),
    .product(name: "NIOPosix", package: "swift-nio"),
]

let package = Package(
    name: "Peers",
    platforms: [.macOS(.v15)],
    dependencies: [
        .package(url: "https://github.com/apple/swift-nio", from: "2.101.2"),
        .package(url: "https://github.com/swhitty/FlyingFox", from: "0.27.1"),
    ],
    targets: [
        .target(name: "PeerOptions"),
        .target(name: "NIOLines", dependencies: [.product(name: "NIOCore", package: "swift-nio")]),
        .target(name: "MicroOptions"),
        .executableTarget(name: "NIOMicro", dependencies: nio + ["MicroOptions"]),
        .executableTarget(name: "NIOEcho", dependencies: nio),
        .executableTarget(name: "NIOAsyncEcho", dependencies: nio),
        .executableTarget(
            name: "FlyingSocksEcho",
            dependencies: ["PeerOptions", .product(name: "FlyingSocks", package: "FlyingFox")]
        ),
    ],
    swiftLanguageModes: [.v6]
)
