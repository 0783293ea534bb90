// swift-tools-version: 6.2
import PackageDescription

let strict: [SwiftSetting] = [
    .strictMemorySafety(),
    .enableUpcomingFeature("ExistentialAny"),
    .enableUpcomingFeature("InternalImportsByDefault"),
    .enableUpcomingFeature("MemberImportVisibility"),
]

// What a program does not use of the library is left out as it is linked: a quarter of it, for the echo server.
func library(_ more: [String] = []) -> [SwiftSetting] {
    let linkedInParts = ["-Xfrontend", "-function-sections", "-Xfrontend", "-internalize-at-link"]
    return strict + [.unsafeFlags(linkedInParts + more, .when(platforms: [.linux], configuration: .release))]
}

// One folder each in Examples/, complete programs that show one thing.
let examples = [
    "Chat", "Client", "Cores", "Echo", "FileServer", "Handover", "PortForwarder", "Relay", "Timers",
].map { name in
    Target.executableTarget(
        name: name,
        dependencies: ["EventReactor"],
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
        .library(name: "EventReactorTesting", targets: ["EventReactorTesting"]),
    ],
    targets: [
        // The engine: libevent's core library, found by pkg-config.
        .systemLibrary(
            name: "CLibevent",
            pkgConfig: "libevent_core",
            providers: [.apt(["libevent-dev"]), .brew(["libevent"])]
        ),
        // What Swift cannot import from the system's headers.
        .target(name: "CEventReactorShims"),
        // The contract: no engine, no system calls on sockets.
        .target(name: "EventReactorCore", swiftSettings: library()),
        // Plain sockets, shared by the reactors that use the kernel. Compiled for size, as the engines are: they spend
        // their time in system calls, and what each message passes through is the core's.
        .target(
            name: "EventReactorSockets",
            dependencies: ["EventReactorCore", "CEventReactorShims"],
            swiftSettings: library(["-Osize"])
        ),
        // The reactor on libevent: what users import.
        .target(
            name: "EventReactor",
            dependencies: ["CLibevent", "EventReactorCore", "EventReactorSockets"],
            swiftSettings: library(["-Osize"])
        ),
        // The reactor on epoll alone, to compare with.
        .target(
            name: "EventReactorNative",
            dependencies: ["CEventReactorShims", "EventReactorCore", "EventReactorSockets"],
            swiftSettings: library(["-Osize"])
        ),
        // The contract with no kernel under it: for tests.
        .target(name: "EventReactorTesting", dependencies: ["EventReactorCore"], swiftSettings: strict),
        .executableTarget(
            name: "FramingBug", dependencies: ["EventReactorTesting"], path: "Examples/FramingBug",
            swiftSettings: strict),
        // What several test targets use.
        .target(
            name: "TestSupport", dependencies: ["EventReactorCore"], path: "Tests/TestSupport", swiftSettings: strict),
        .testTarget(name: "EventReactorCoreTests", dependencies: ["EventReactorCore"], swiftSettings: strict),
        .testTarget(
            name: "EventReactorTests",
            dependencies: [
                "CEventReactorShims", "EventReactor", "EventReactorNative", "EventReactorSockets", "Handover",
                "TestSupport",
            ],
            swiftSettings: strict
        ),
        .testTarget(
            name: "ContractTests",
            dependencies: [
                "EventReactor", "EventReactorNative", "EventReactorSockets", "EventReactorTesting", "TestSupport",
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
