// swift-tools-version: 6.2
import PackageDescription

let strict: [SwiftSetting] = [
    .strictMemorySafety(),
    .enableUpcomingFeature("ExistentialAny"),
    .enableUpcomingFeature("InternalImportsByDefault"),
    .enableUpcomingFeature("MemberImportVisibility"),
]

// How the library is compiled for release on Linux by those who ask for small programs: see the trait's description. What
// a program does not use is left out as it is linked, and there are no tables for unwinding by exceptions, which cannot
// pass Swift code, while traces go by frame pointers. These are options of the compiler that SwiftPM calls unsafe and
// that the next compiler may not have, so nobody gets them unasked.
func library(_ more: [String]) -> [SwiftSetting] {
    let small = [
        "-Xfrontend", "-function-sections", "-Xfrontend", "-internalize-at-link",
        "-Xllvm", "-force-attribute=nounwind",
    ]
    let condition = BuildSettingCondition.when(platforms: [.linux], configuration: .release, traits: ["SmallBinary"])
    return strict + [.unsafeFlags(small + more, condition)]
}

// Timers are compiled for speed. Elsewhere what each message passes through is marked to be inlined.
let forSpeed = library([])
let forSize = library(["-Osize"])
// File by file on all processors, for a module that nothing is compiled beside. No file sees into another then.
let forSizeInParallel = library(["-Osize", "-no-whole-module-optimization"])

// One folder each in Examples/, complete programs that show one thing.
let examples = [
    "Chat", "Client", "Cores", "Echo", "FileServer", "Handover", "PortForwarder", "Relay", "Timers",
].map { name in
    Target.executableTarget(
        name: name,
        dependencies: ["EventReactor"] + (name == "Handover" ? ["EventReactorHandover"] : []),
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
        .library(name: "EventReactorTesting", targets: ["EventReactorTesting"]),
    ],
    traits: [
        .trait(
            name: "SmallBinary",
            description: """
                A third smaller programs on Linux, by compiler options that SwiftPM calls unsafe. The price: no unwind \
                tables, so that tools which unwind by DWARF stop at the library's first frame.
                """)
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
        // What all parts speak of, in four modules that are compiled beside one another; Core exports what is public.
        // Addresses, errors, options.
        .target(name: "EventReactorBasics", swiftSettings: forSize),
        // What spans of bytes are asked for: searching, comparing, numbers in them.
        .target(name: "EventReactorBytes", swiftSettings: forSize),
        // The figures of a reactor, and their texts.
        .target(name: "EventReactorMetrics", swiftSettings: forSize),
        // Timers, and threads for work that blocks.
        .target(name: "EventReactorScheduling", swiftSettings: forSpeed),
        // The contract: no engine, no system calls on sockets.
        .target(
            name: "EventReactorCore",
            dependencies: [
                "EventReactorBasics", "EventReactorBytes", "EventReactorMetrics", "EventReactorScheduling",
            ],
            swiftSettings: forSize
        ),
        // Plain sockets and descriptors, for whoever uses the kernel.
        .target(
            name: "EventReactorSockets",
            dependencies: ["CEventReactorShims", "EventReactorBasics", "EventReactorScheduling"],
            swiftSettings: forSize
        ),
        // What the engines on the kernel's sockets share.
        .target(
            name: "EventReactorSocketEngines",
            dependencies: ["CEventReactorShims", "EventReactorCore", "EventReactorSockets"],
            swiftSettings: forSize
        ),
        // Listening sockets that pass from one process to the next.
        .target(
            name: "EventReactorHandover",
            dependencies: ["CEventReactorShims", "EventReactorCore", "EventReactorSockets"],
            swiftSettings: forSize
        ),
        // The reactor on libevent: what users import.
        .target(
            name: "EventReactor",
            dependencies: [
                "CLibevent", "EventReactorCore", "EventReactorSocketEngines", "EventReactorSockets",
                "EventReactorScheduling",
            ],
            swiftSettings: forSizeInParallel
        ),
        // The reactor on epoll alone, to compare with.
        .target(
            name: "EventReactorNative",
            dependencies: [
                "CEventReactorShims", "EventReactorCore", "EventReactorSocketEngines", "EventReactorSockets",
            ],
            swiftSettings: forSize
        ),
        // The contract with no kernel under it: for tests.
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
        .testTarget(
            name: "EventReactorBasicsTests", dependencies: ["EventReactorBasics", "EventReactorBytes", "TestSupport"],
            swiftSettings: strict),
        .testTarget(
            name: "EventReactorBytesTests", dependencies: ["EventReactorBytes", "TestSupport"], swiftSettings: strict),
        .testTarget(
            name: "EventReactorMetricsTests", dependencies: ["EventReactorMetrics"], swiftSettings: strict),
        .testTarget(
            name: "EventReactorSchedulingTests", dependencies: ["EventReactorScheduling", "TestSupport"],
            swiftSettings: strict),
        .testTarget(
            name: "EventReactorCoreTests", dependencies: ["EventReactorCore", "EventReactorScheduling", "TestSupport"],
            swiftSettings: strict),
        .testTarget(
            name: "EventReactorTests",
            dependencies: [
                "CEventReactorShims", "EventReactor", "EventReactorNative", "EventReactorSockets",
                "EventReactorScheduling",
                "TestSupport",
            ],
            swiftSettings: strict
        ),
        .testTarget(
            name: "EventReactorHandoverTests",
            dependencies: [
                "EventReactor", "EventReactorHandover", "EventReactorNative", "EventReactorSockets", "Handover",
                "TestSupport",
            ],
            swiftSettings: strict
        ),
        .testTarget(
            name: "ContractTests",
            dependencies: [
                "EventReactor", "EventReactorNative", "EventReactorSocketEngines", "EventReactorSockets",
                "EventReactorTesting", "TestSupport",
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
