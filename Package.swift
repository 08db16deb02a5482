// swift-tools-version: 6.2
import PackageDescription

// The settings of all targets, each with the proposal that describes it.
let settings: [SwiftSetting] = [
    // https://github.com/swiftlang/swift-evolution/blob/main/proposals/0335-existential-any.md
    .enableUpcomingFeature("ExistentialAny"),
    // https://github.com/swiftlang/swift-evolution/blob/main/proposals/0444-member-import-visibility.md
    .enableUpcomingFeature("MemberImportVisibility"),
    // https://github.com/swiftlang/swift-evolution/blob/main/proposals/0409-access-level-on-imports.md
    .enableUpcomingFeature("InternalImportsByDefault"),
    // https://github.com/swiftlang/swift-evolution/blob/main/proposals/0480-swiftpm-warning-control.md
    .treatAllWarnings(as: .error),
]

// SwiftPM enables all traits when it reads the symbols for the documentation, which Scripts/docs makes without TLS.
let hasTLS = Context.environment["HYPERO_DOCUMENTATION"] == nil
let hiredisSSL: [Target.Dependency] =
    hasTLS ? [.target(name: "CHiredisSSL", condition: .when(traits: ["TLS"]))] : []

let package = Package(
    name: "hypero",
    products: [
        .library(name: "Hypero", targets: ["Hypero"]),
        .library(name: "HyperoAsync", targets: ["HyperoAsync"]),
        .library(name: "HyperoQuery", targets: ["HyperoQuery"]),
        .library(name: "HyperoSearch", targets: ["HyperoSearch"]),
        .library(name: "hypero-c", type: .dynamic, targets: ["HyperoC"]),
        .executable(name: "hypero-ingest", targets: ["hypero-ingest"]),
        .executable(name: "hypero-query", targets: ["hypero-query"]),
        .executable(name: "hypero-web", targets: ["hypero-web"]),
        .executable(name: "hypero-demo", targets: ["hypero-demo"]),
    ],
    // TLS in URLs that start with rediss://. Without the trait, the package links neither hiredis_ssl nor OpenSSL.
    traits: hasTLS ? ["TLS"] : [],
    dependencies: [
        .package(url: "https://github.com/apple/swift-argument-parser", from: "1.8.0"),
        .package(url: "https://github.com/apple/swift-log", from: "1.16.0"),
        .package(url: "https://github.com/swift-server/swift-service-lifecycle", from: "2.13.0"),
        // The server of pages. A parser of requests from a network is no place for code of one's own.
        .package(url: "https://github.com/apple/swift-nio", from: "2.101.0"),
        .package(url: "https://github.com/HdrHistogram/hdrhistogram-swift", from: "0.2.0"),
        // Scripts/docs
        .package(url: "https://github.com/swiftlang/swift-docc-plugin", from: "1.5.0"),
    ],
    targets: [
        .systemLibrary(name: "CHiredis", providers: [.apt(["libhiredis-dev"])]),
        .systemLibrary(name: "CHiredisSSL", providers: [.apt(["libhiredis-dev", "libssl-dev"])]),
        // System calls of Linux that Swift's Glibc module lacks.
        .systemLibrary(name: "CLinux"),
        .target(name: "HyperoCore", swiftSettings: settings),
        .target(name: "HyperoSchema", swiftSettings: settings),
        .target(
            name: "HyperoRedis",
            dependencies: ["CHiredis", "HyperoCore", "HyperoSchema"] + hiredisSSL,
            swiftSettings: settings),
        .target(
            name: "Hypero", dependencies: ["CLinux", "HyperoCore", "HyperoRedis", "HyperoSchema", "HyperoSearch"],
            swiftSettings: settings),
        // The C interface: hypero.h, and its functions in Swift. Scripts/build-c makes libhypero.so.
        .target(name: "CHypero", cSettings: [.treatAllWarnings(as: .error)]),
        .target(
            name: "HyperoC", dependencies: ["CHypero", "Hypero", "HyperoCore", "HyperoSchema"], swiftSettings: settings),
        .target(name: "HyperoAsync", dependencies: ["Hypero", "HyperoCore"], swiftSettings: settings),
        .target(
            name: "HyperoIngest",
            dependencies: [
                "HyperoCore", "HyperoRedis", "HyperoSchema", .product(name: "Logging", package: "swift-log"),
            ],
            swiftSettings: settings
        ),
        // Pure: no input and output.
        .target(name: "HyperoSearch", dependencies: ["HyperoCore", "HyperoSchema"], swiftSettings: settings),
        .target(
            name: "HyperoQuery", dependencies: ["HyperoCore", "HyperoRedis", "HyperoSchema", "HyperoSearch"],
            swiftSettings: settings),
        // The script and the style sheet of the page.
        .target(
            name: "CPage", exclude: ["script", "style"],
            cSettings: [.treatAllWarnings(as: .error)]),
        // Pure: results in, a page out.
        .target(
            name: "HyperoPage", dependencies: ["CPage", "HyperoCore", "HyperoQuery", "HyperoSchema", "HyperoSearch"],
            swiftSettings: settings),
        // What the programs share: the options of the server, error messages and the start.
        .target(
            name: "HyperoCommandLine",
            dependencies: [
                "HyperoCore", "HyperoRedis", "HyperoSchema",
                .product(name: "ArgumentParser", package: "swift-argument-parser"),
            ],
            swiftSettings: settings
        ),
        .executableTarget(
            name: "hypero-ingest",
            dependencies: [
                "Hypero", "HyperoCommandLine", "HyperoIngest", "HyperoQuery", "HyperoCore", "HyperoRedis",
                "HyperoSchema",
                .product(name: "ArgumentParser", package: "swift-argument-parser"),
                .product(name: "Logging", package: "swift-log"),
                .product(name: "UnixSignals", package: "swift-service-lifecycle"),
            ],
            swiftSettings: settings
        ),
        .executableTarget(
            name: "hypero-query",
            dependencies: [
                "HyperoPage", "HyperoQuery", "HyperoCommandLine", "HyperoCore", "HyperoRedis", "HyperoSchema",
                .product(name: "ArgumentParser", package: "swift-argument-parser"),
            ],
            swiftSettings: settings
        ),
        // The pages over HTTP, as they change.
        .target(
            name: "HyperoServe",
            dependencies: [
                "HyperoPage", "HyperoQuery", "HyperoCore", "HyperoRedis", "HyperoSchema",
                .product(name: "NIOConcurrencyHelpers", package: "swift-nio"),
                .product(name: "NIOCore", package: "swift-nio"),
                .product(name: "NIOHTTP1", package: "swift-nio"),
                .product(name: "NIOPosix", package: "swift-nio"),
            ],
            swiftSettings: settings),
        .executableTarget(
            name: "hypero-web",
            dependencies: [
                "HyperoCommandLine", "HyperoServe", "HyperoCore", "HyperoQuery",
                .product(name: "ArgumentParser", package: "swift-argument-parser"),
                .product(name: "NIOCore", package: "swift-nio"),
            ],
            swiftSettings: settings
        ),
        // The data of hypero-demo. #embed, because SwiftPM's .embedInCode takes 19 s to compile 70 kB.
        .target(
            name: "CDigits", exclude: ["digits.csv", "digits-LICENSE.md"],
            cSettings: [.treatAllWarnings(as: .error)]),
        .executableTarget(
            name: "hypero-demo",
            dependencies: [
                "CDigits", "Hypero", "HyperoCommandLine", "HyperoCore", "HyperoSchema",
                .product(name: "ArgumentParser", package: "swift-argument-parser"),
            ],
            swiftSettings: settings
        ),

        .target(
            name: "TestSupport", dependencies: ["HyperoCore", "HyperoRedis", "HyperoSchema", "HyperoSearch"],
            path: "Tests/TestSupport", swiftSettings: settings),
        // Counts the allocations of a thread. Used by HyperoTests.
        .target(
            name: "CCallCount", path: "Tests/CCallCount",
            cSettings: [.treatAllWarnings(as: .error)]),
        // The draws that those of the bindings must equal: Tests/C/run, Tests/Lua/run.
        .executableTarget(
            name: "golden-draws", dependencies: ["Hypero"], path: "Tests/golden-draws", swiftSettings: settings),
        // The benchmark: Scripts/bench.
        .executableTarget(
            name: "hypero-bench",
            dependencies: [
                "Hypero", "HyperoQuery", "HyperoCore", "HyperoRedis", "HyperoSchema", "HyperoSearch", "TestSupport",
                .product(name: "ArgumentParser", package: "swift-argument-parser"),
                .product(name: "Histogram", package: "hdrhistogram-swift"),
            ],
            path: "Tests/hypero-bench", swiftSettings: settings),
        // The long fault test: Scripts/chaos.
        .target(name: "ChaosLog", path: "Tests/ChaosLog", swiftSettings: settings),
        .executableTarget(
            name: "chaos-producer",
            dependencies: [
                "ChaosLog", "Hypero", "HyperoCore", "HyperoSchema",
                .product(name: "ArgumentParser", package: "swift-argument-parser"),
            ],
            path: "Tests/chaos-producer", swiftSettings: settings),
        .executableTarget(
            name: "chaos-intruder",
            dependencies: ["ChaosLog", .product(name: "ArgumentParser", package: "swift-argument-parser")],
            path: "Tests/chaos-intruder", swiftSettings: settings),
        .executableTarget(
            name: "chaos",
            dependencies: [
                "ChaosLog", "HyperoCore", "HyperoRedis", "HyperoSchema", "HyperoSearch", "TestSupport",
                .product(name: "ArgumentParser", package: "swift-argument-parser"),
            ],
            path: "Tests/chaos", swiftSettings: settings),
        // The fuzz runs: Scripts/fuzz.
        .executableTarget(
            name: "hypero-fuzz",
            dependencies: [
                "Hypero", "HyperoIngest", "HyperoQuery", "HyperoCore", "HyperoRedis", "HyperoSchema", "TestSupport",
                .product(name: "ArgumentParser", package: "swift-argument-parser"),
                .product(name: "Logging", package: "swift-log"),
            ],
            path: "Tests/hypero-fuzz", swiftSettings: settings),
        .testTarget(
            name: "HyperoSchemaTests", dependencies: ["HyperoSchema", "TestSupport"], swiftSettings: settings),
        .testTarget(
            name: "HyperoSearchTests", dependencies: ["HyperoCore", "HyperoSchema", "HyperoSearch", "TestSupport"],
            swiftSettings: settings),
        .testTarget(
            name: "HyperoRedisTests", dependencies: ["HyperoCore", "HyperoRedis", "TestSupport"],
            swiftSettings: settings),
        .testTarget(
            name: "HyperoTests",
            dependencies: [
                "CCallCount", "Hypero", "HyperoAsync", "HyperoCore", "HyperoRedis", "HyperoSchema", "HyperoSearch",
                "TestSupport",
            ],
            swiftSettings: settings),
        .testTarget(
            name: "FoldTests", dependencies: ["HyperoIngest", "HyperoSchema", "TestSupport"], swiftSettings: settings
        ),
        .testTarget(
            name: "HyperoIngestTests",
            dependencies: ["HyperoIngest", "HyperoCore", "HyperoRedis", "HyperoSchema", "TestSupport"],
            exclude: ["Fixtures"],
            swiftSettings: settings),
        .testTarget(
            name: "HyperoQueryTests",
            dependencies: [
                "HyperoQuery", "HyperoCore", "HyperoRedis", "HyperoSchema", "HyperoSearch", "TestSupport",
                "hypero-query",
            ],
            exclude: ["Fixtures"],
            swiftSettings: settings),
        .testTarget(
            name: "HyperoPageTests", dependencies: ["HyperoPage", "HyperoQuery", "HyperoSchema"],
            swiftSettings: settings),
        .testTarget(
            name: "HyperoServeTests",
            dependencies: [
                "Hypero", "HyperoQuery", "HyperoServe", "TestSupport", "hypero-ingest",
                .product(name: "NIOCore", package: "swift-nio"),
                .product(name: "NIOHTTP1", package: "swift-nio"),
            ],
            swiftSettings: settings),
        .testTarget(
            name: "HyperoDemoTests", dependencies: ["hypero-demo", "HyperoCommandLine", "HyperoCore"],
            swiftSettings: settings),
        .testTarget(
            name: "FaultTests",
            dependencies: [
                "ChaosLog", "Hypero", "HyperoIngest", "HyperoQuery", "HyperoCore", "HyperoRedis", "HyperoSchema",
                "TestSupport",
                "chaos",
                "chaos-intruder", "chaos-producer", "hypero-fuzz", "hypero-ingest", "hypero-query",
            ],
            swiftSettings: settings),
        // Without the trait TLS, it has no test: Scripts/test-tls.
        .testTarget(
            name: "TLSTests",
            dependencies: [
                "Hypero", "HyperoCore", "HyperoRedis", "HyperoSchema", "TestSupport", "hypero-demo", "hypero-ingest",
                "hypero-query",
            ],
            swiftSettings: settings),
        .testTarget(
            name: "CommandTests",
            dependencies: [
                "Hypero", "HyperoCommandLine", "HyperoCore", "HyperoRedis", "HyperoSchema", "HyperoSearch",
                "TestSupport",
                "hypero-bench",
                "hypero-demo",
                "hypero-ingest",
                "hypero-query",
                "hypero-web",
            ],
            swiftSettings: settings),
    ],
    swiftLanguageModes: [.v6]
)
