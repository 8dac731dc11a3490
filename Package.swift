// swift-tools-version: 6.2
import PackageDescription

/// Warnings are errors, and nothing of an imported module leaks into a public interface by accident.
let strict: [SwiftSetting] = [
    .treatAllWarnings(as: .error),
    .enableUpcomingFeature("ExistentialAny"),
    .enableUpcomingFeature("InternalImportsByDefault"),
    .enableUpcomingFeature("MemberImportVisibility"),
]

/// Release binaries start in about 1 ms and need only libc, libm and (for SQL) libpq on the node: the Swift runtime,
/// libstdc++ and libgcc are linked in. `.build/slib` holds one symbolic link, made by the Makefile, so that
/// `-lstdc++` finds the archive. Measured in docs/decisions/0002-lean-static-binaries.md.
let lean: [LinkerSetting] = [
    .unsafeFlags(
        [
            "-use-ld=lld", "-L.build/slib",
            "-Xclang-linker", "-no-pie", "-Xclang-linker", "-static-libgcc",
            "-Xlinker", "--gc-sections", "-Xlinker", "-s",
        ],
        .when(configuration: .release)
    )
]

let package = Package(
    name: "pgsql-swift",
    products: [
        .executable(name: "pgsql-ra", targets: ["pgsql-ra"]),
        .executable(name: "pgrex-tool", targets: ["pgrex-tool"]),
    ],
    dependencies: [
        .package(url: "https://github.com/apple/swift-argument-parser", from: "1.8.2")
    ],
    targets: [
        .systemLibrary(name: "CLibpq", providers: [.apt(["libpq-dev"])]),
        .target(name: "CLibpqLoader", dependencies: ["CLibpq"]),
        .target(name: "CSystem"),
        .target(name: "RACore", swiftSettings: strict),
        .target(name: "RAKit", dependencies: ["RACore", "CLibpq", "CLibpqLoader", "CSystem"], swiftSettings: strict),
        .target(
            name: "PgrexCommands",
            dependencies: [
                "RACore", "RAKit",
                .product(name: "ArgumentParser", package: "swift-argument-parser"),
            ],
            swiftSettings: strict
        ),
        .target(name: "RATestSupport", dependencies: ["RACore", "RAKit"], swiftSettings: strict),
        .executableTarget(
            name: "pgsql-ra",
            dependencies: ["RACore", "RAKit"],
            swiftSettings: strict,
            linkerSettings: lean
        ),
        .executableTarget(
            name: "pgrex-tool",
            dependencies: ["PgrexCommands"],
            swiftSettings: strict,
            linkerSettings: lean
        ),
        .target(name: "RASimulation", dependencies: ["RACore"], path: "Tests/Simulation", swiftSettings: strict),
        .executableTarget(
            name: "simulate",
            dependencies: ["RASimulation"],
            path: "Tests/SimulationRunner",
            swiftSettings: strict
        ),
        .testTarget(
            name: "RACoreTests",
            dependencies: ["RACore", "RASimulation", "RATestSupport"],
            swiftSettings: strict
        ),
        .testTarget(name: "RAKitTests", dependencies: ["RACore", "RAKit", "RATestSupport"], swiftSettings: strict),
        .testTarget(
            name: "PgrexCommandsTests",
            dependencies: ["RACore", "RAKit", "PgrexCommands", "RATestSupport"],
            swiftSettings: strict
        ),
        .testTarget(name: "ProcessTests", dependencies: ["RACore", "RAKit", "RATestSupport"], swiftSettings: strict),
        .testTarget(name: "PostgresTests", dependencies: ["RACore", "RAKit", "RATestSupport"], swiftSettings: strict),
        .testTarget(name: "TidyTests", dependencies: ["RATestSupport"], swiftSettings: strict),
    ]
)
