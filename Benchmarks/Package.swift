// swift-tools-version: 6.2
import PackageDescription

// A package of its own, so that a comparison's dependencies never reach users of the library.
let gnu: [CSetting] = [.define("_GNU_SOURCE")]

let package = Package(
    name: "Benchmarks",
    products: [
        .library(name: "malloccount", type: .dynamic, targets: ["malloccount"])
    ],
    dependencies: [
        .package(name: "swift-event-reactor", path: "..")
    ],
    targets: [
        .systemLibrary(
            name: "CLibeventForC",
            path: "Libraries/CLibeventForC",
            pkgConfig: "libevent_core",
            providers: [.apt(["libevent-dev"]), .brew(["libevent"])]
        ),

        .systemLibrary(
            name: "COpenSSLForC",
            path: "Libraries/COpenSSLForC",
            pkgConfig: "openssl",
            providers: [.apt(["libssl-dev"]), .brew(["openssl@3"])]
        ),

        // One folder a server; all speak the same command line. See README.md.
        .executableTarget(name: "CEpollEcho", path: "Servers/CEpollEcho", cSettings: gnu),
        .executableTarget(
            name: "CEventEcho",
            dependencies: ["CLibeventForC"],
            path: "Servers/CEventEcho",
            cSettings: gnu
        ),
        .executableTarget(
            name: "CBuffereventEcho",
            dependencies: ["CLibeventForC"],
            path: "Servers/CBuffereventEcho",
            cSettings: gnu
        ),
        .target(
            name: "Modes",
            dependencies: [.product(name: "EventReactorCore", package: "swift-event-reactor")],
            path: "Servers/Modes"
        ),
        .executableTarget(
            name: "ReactorEcho",
            dependencies: ["Modes", .product(name: "EventReactor", package: "swift-event-reactor")],
            path: "Servers/ReactorEcho"
        ),
        .executableTarget(
            name: "NativeEcho",
            dependencies: ["Modes", .product(name: "EventReactorNative", package: "swift-event-reactor")],
            path: "Servers/NativeEcho"
        ),
        .executableTarget(
            name: "GroupEcho",
            dependencies: ["Modes", .product(name: "EventReactor", package: "swift-event-reactor")],
            path: "Servers/GroupEcho"
        ),

        // TLS, of `bench tls`: on either reactor, and with OpenSSL from C.
        .executableTarget(
            name: "ReactorTLSEcho",
            dependencies: [
                .product(name: "EventReactor", package: "swift-event-reactor"),
                .product(name: "EventReactorNative", package: "swift-event-reactor"),
                .product(name: "EventReactorTLS", package: "swift-event-reactor"),
            ],
            path: "Servers/ReactorTLSEcho"
        ),
        .executableTarget(
            name: "CTLSEcho",
            dependencies: ["COpenSSLForC"],
            path: "Servers/CTLSEcho",
            cSettings: gnu
        ),

        // Forwarders and file servers, of `bench relay` and `bench sendfile`.
        .executableTarget(
            name: "ReactorForwarder",
            dependencies: [.product(name: "EventReactor", package: "swift-event-reactor")],
            path: "Servers/ReactorForwarder"
        ),
        .executableTarget(
            name: "ReactorFiles",
            dependencies: [.product(name: "EventReactor", package: "swift-event-reactor")],
            path: "Servers/ReactorFiles"
        ),
        .executableTarget(name: "CFiles", path: "Servers/CFiles", cSettings: gnu),
        .executableTarget(name: "streamload", path: "Tools/streamload", cSettings: gnu),

        .executableTarget(
            name: "TimeoutServer",
            dependencies: [.product(name: "EventReactor", package: "swift-event-reactor")],
            path: "Servers/TimeoutServer"
        ),

        // Without a network.
        .executableTarget(
            name: "Timeouts",
            dependencies: [.product(name: "EventReactor", package: "swift-event-reactor")],
            path: "Micro/Timeouts"
        ),
        .executableTarget(
            name: "Framing",
            dependencies: [
                .product(name: "EventReactor", package: "swift-event-reactor"),
                .product(name: "EventReactorProtocols", package: "swift-event-reactor"),
                .product(name: "EventReactorTesting", package: "swift-event-reactor"),
            ],
            path: "Micro/Framing"
        ),
        .executableTarget(
            name: "TimeoutCounts",
            dependencies: [
                .product(name: "EventReactor", package: "swift-event-reactor"),
                .product(name: "EventReactorTesting", package: "swift-event-reactor"),
            ],
            path: "Micro/TimeoutCounts"
        ),
        .executableTarget(
            name: "CTimeouts",
            dependencies: ["CLibeventForC"],
            path: "Micro/CTimeouts",
            cSettings: gnu
        ),

        // Work that needs no clients: timers, calls from other threads, libevent's chain. One run does one kind of
        // work.
        .target(name: "MicroOptions", path: "Micro/MicroOptions"),
        .executableTarget(
            name: "ReactorMicro",
            dependencies: [
                "MicroOptions",
                .product(name: "EventReactor", package: "swift-event-reactor"),
                .product(name: "EventReactorNative", package: "swift-event-reactor"),
            ],
            path: "Micro/ReactorMicro"
        ),
        .executableTarget(
            name: "CLibeventMicro",
            dependencies: ["CLibeventForC"],
            path: "Micro/CLibeventMicro",
            cSettings: gnu
        ),

        .executableTarget(name: "connectload", path: "Tools/connectload", cSettings: gnu),
        .executableTarget(
            name: "echoload",
            dependencies: ["COpenSSLForC", "histogram"],
            path: "Tools/echoload",
            cSettings: gnu
        ),
        .executableTarget(name: "hold", dependencies: ["histogram"], path: "Tools/hold", cSettings: gnu),
        .target(name: "histogram", path: "Tools/histogram"),
        .target(name: "malloccount", path: "Tools/malloccount", cSettings: gnu),
    ],
    swiftLanguageModes: [.v6]
)
