// swift-tools-version: 6.2
import PackageDescription

// Programs for libFuzzer: run.py builds and runs them.
let package = Package(
    name: "fuzzing",
    products: [.library(name: "Fuzz", type: .static, targets: ["Fuzz"])],
    dependencies: [.package(name: "swift-event-reactor", path: "../..")],
    targets: [
        .target(name: "CFuzzRandom"),
        .target(
            name: "Fuzz",
            dependencies: [
                "CFuzzRandom",
                .product(name: "EventReactorCore", package: "swift-event-reactor"),
                .product(name: "EventReactorProtocols", package: "swift-event-reactor"),
                .product(name: "EventReactorTesting", package: "swift-event-reactor"),
                .product(name: "EventReactorTLS", package: "swift-event-reactor"),
            ]
        ),
    ],
    swiftLanguageModes: [.v6]
)
