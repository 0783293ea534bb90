// swift-tools-version: 6.2
import PackageDescription

let strict: [SwiftSetting] = [
    .strictMemorySafety(),
    .enableUpcomingFeature("ExistentialAny"),
    .enableUpcomingFeature("InternalImportsByDefault"),
    .enableUpcomingFeature("MemberImportVisibility"),
]

// How the library is compiled for release on Linux by those who ask for small programs: see the trait's description.
// Unused code is left out at link time, and there are no tables for unwinding by exceptions, which cannot pass Swift
// code; traces go by frame pointers. SwiftPM calls these options unsafe and the next compiler may not have them, so
// they are off by default.
let library =
    strict + [
        .unsafeFlags(
            [
                "-Xfrontend", "-function-sections", "-Xfrontend", "-internalize-at-link",
                "-Xllvm", "-force-attribute=nounwind", "-Osize",
            ], .when(platforms: [.linux], configuration: .release, traits: ["SmallBinary"]))
    ]

// One folder each in Examples/, complete programs that show one thing.
let examples = [
    "Chat", "Client", "Cores", "Echo", "FileServer", "Handover", "PortForwarder", "RedisServer", "Relay", "TLSClient",
    "TLSEcho", "Timers",
].map { name in
    Target.executableTarget(
        name: name,
        dependencies: ["EventReactor"] + (name == "Handover" ? ["EventReactorHandover"] : [])
            + (["Chat", "Client", "RedisServer", "Timers"].contains(name) ? ["EventReactorProtocols"] : [])
            + (name.hasPrefix("TLS") ? ["EventReactorTLS"] : []),
        path: "Examples/\(name)",
        swiftSettings: strict
    )
}

let package = Package(
    name: "swift-event-reactor",
    products: [
        .library(name: "EventReactor", targets: ["EventReactor"]),
        .library(name: "EventReactorNative", targets: ["EventReactorNative"]),
        .library(name: "EventReactorCore", targets: ["EventReactorCore"]),
        .library(name: "EventReactorHandover", targets: ["EventReactorHandover"]),
        .library(name: "EventReactorProtocols", targets: ["EventReactorProtocols"]),
        .library(name: "EventReactorTesting", targets: ["EventReactorTesting"]),
        .library(name: "EventReactorTLS", targets: ["EventReactorTLS"]),
    ],
    traits: [
        .trait(
            name: "SmallBinary",
            description: """
                Two fifths smaller programs on Linux, by compiler options that SwiftPM calls unsafe. The price: no unwind \
                tables, so that tools which unwind by DWARF stop at the library's first frame.
                """)
    ],
    targets: [
        // libevent's core library, found by pkg-config.
        .systemLibrary(
            name: "CLibevent",
            pkgConfig: "libevent_core",
            providers: [.apt(["libevent-dev"]), .brew(["libevent"])]
        ),
        // System calls and constants that Swift cannot import from the system's headers.
        .target(name: "CEventReactorShims"),
        // The contract and its state machines: no engine, no system call on a socket.
        .target(name: "EventReactorCore", swiftSettings: library),
        // Every system call on a socket, and the parts of an engine that use the kernel's sockets.
        .target(
            name: "EventReactorPosix", dependencies: ["CEventReactorShims", "EventReactorCore"],
            swiftSettings: library),
        // Listening sockets that pass from one process to the next.
        .target(
            name: "EventReactorHandover",
            dependencies: ["CEventReactorShims", "EventReactorCore", "EventReactorPosix"], swiftSettings: library),
        // The reactor on libevent: the module that users import.
        .target(
            name: "EventReactor",
            dependencies: ["CEventReactorShims", "CLibevent", "EventReactorCore", "EventReactorPosix"],
            swiftSettings: library),
        // The reactor on epoll alone.
        .target(
            name: "EventReactorNative",
            dependencies: ["CEventReactorShims", "EventReactorCore", "EventReactorPosix"], swiftSettings: library),
        // What servers and clients are built with: framing, policies, endpoints as text, the PROXY protocol.
        .target(name: "EventReactorProtocols", dependencies: ["EventReactorCore"], swiftSettings: library),
        // OpenSSL's libraries, found by pkg-config.
        .systemLibrary(
            name: "COpenSSL",
            pkgConfig: "openssl",
            providers: [.apt(["libssl-dev"]), .brew(["openssl@3"])]
        ),
        // TLS between connections and protocols, on every engine.
        .target(
            name: "EventReactorTLS", dependencies: ["COpenSSL", "EventReactorCore", "EventReactorProtocols"],
            swiftSettings: library),
        // The contract on a simulated network, for tests: no kernel under it.
        .target(name: "EventReactorTesting", dependencies: ["EventReactorCore"], swiftSettings: strict),
        .executableTarget(
            name: "FramingBug", dependencies: ["EventReactorTesting"], path: "Examples/FramingBug",
            swiftSettings: strict),
        // What several test targets use.
        .target(
            name: "TestSupport", dependencies: ["EventReactorCore"], path: "Tests/TestSupport", swiftSettings: strict),
        // System calls that fail now and then, for the program that a test runs as a process of its own. No test depends on
        // it: it would have the calls of all tests.
        .target(name: "CSystemFaults", path: "Tests/CSystemFaults"),
        .executableTarget(
            name: "FaultyServer",
            dependencies: ["CSystemFaults", "EventReactor", "EventReactorNative", "TestSupport"],
            path: "Tests/FaultyServer", swiftSettings: strict),
        // An end of TLS with many options, for Tests/TLSPeers/peers.py.
        .executableTarget(
            name: "TLSPeer", dependencies: ["EventReactor", "EventReactorTLS"], path: "Tests/TLSPeers/Peer",
            swiftSettings: strict),
        // A server and a client behind and in front of HAProxy, for Tests/ProxyPeers/haproxy.py.
        .executableTarget(
            name: "ProxyPeer", dependencies: ["EventReactor", "EventReactorProtocols"], path: "Tests/ProxyPeers/Peer",
            swiftSettings: strict),
        .testTarget(
            name: "EventReactorCoreTests", dependencies: ["EventReactorCore", "TestSupport"], swiftSettings: strict),
        .testTarget(
            name: "EventReactorTests",
            dependencies: [
                "CEventReactorShims", "EventReactor", "EventReactorNative", "EventReactorPosix", "TestSupport",
            ],
            swiftSettings: strict
        ),
        .testTarget(
            name: "EventReactorHandoverTests",
            dependencies: [
                "EventReactor", "EventReactorHandover", "EventReactorNative", "EventReactorPosix", "Handover",
                "TestSupport",
            ],
            swiftSettings: strict
        ),
        .testTarget(
            name: "ContractTests",
            dependencies: [
                "EventReactor", "EventReactorNative", "EventReactorPosix", "EventReactorTLS", "EventReactorTesting",
                "TestSupport",
            ],
            swiftSettings: strict
        ),
        // Every public parameter with its smallest, largest and absurd values; in release too.
        .testTarget(
            name: "ExtremesTests",
            dependencies: [
                "EventReactor", "EventReactorHandover", "EventReactorNative", "EventReactorTesting", "TestSupport",
            ],
            swiftSettings: strict
        ),
        .testTarget(
            name: "EventReactorTLSTests",
            dependencies: [
                "COpenSSL", "EventReactorProtocols", "EventReactorTLS", "EventReactorTesting", "TestSupport",
            ],
            swiftSettings: strict
        ),
        .testTarget(
            name: "EventReactorProtocolsTests",
            dependencies: [
                "EventReactor", "EventReactorHandover", "EventReactorNative", "EventReactorProtocols",
                "EventReactorTesting", "EventReactorTLS", "TestSupport",
            ],
            swiftSettings: strict
        ),
        .testTarget(
            name: "EventReactorTestingTests", dependencies: ["EventReactorTesting"], swiftSettings: strict),
        .testTarget(
            name: "ExampleTests",
            dependencies: [
                "Chat", "Echo", "PortForwarder", "EventReactor", "EventReactorNative", "EventReactorTesting",
            ],
            swiftSettings: strict
        ),
    ] + examples,
    swiftLanguageModes: [.v6]
)
