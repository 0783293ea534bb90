// swift-tools-version: 6.2
import PackageDescription

let package = Package(
    name: "YourServer",
    dependencies: [
        // In your copy, write instead:
        // .package(url: "https://github.com/OWNER/swift-event-reactor", from: "0.1.0")
        .package(name: "swift-event-reactor", path: "../..")
    ],
    targets: [
        .executableTarget(
            name: "YourServer",
            dependencies: [
                .product(name: "EventReactor", package: "swift-event-reactor"),
                .product(name: "EventReactorNative", package: "swift-event-reactor"),
            ]
        )
    ],
    swiftLanguageModes: [.v6]
)
