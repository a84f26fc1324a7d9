// swift-tools-version: 6.1
import PackageDescription

// Rooms and the arrows between them: docs/architecture.md. A target depends only on what it names here, so that a
// change in one room does not rebuild the house.

let crypto: Target.Dependency = .product(name: "Crypto", package: "swift-crypto")
let yams: Target.Dependency = .product(name: "Yams", package: "Yams")
let logging: Target.Dependency = .product(name: "Logging", package: "swift-log")
let argumentParser: Target.Dependency = .product(name: "ArgumentParser", package: "swift-argument-parser")
let asyncHTTPClient: Target.Dependency = .product(name: "AsyncHTTPClient", package: "async-http-client")
let nioSSL: Target.Dependency = .product(name: "NIOSSL", package: "swift-nio-ssl")
let nioCore: Target.Dependency = .product(name: "NIOCore", package: "swift-nio")
let nioPosix: Target.Dependency = .product(name: "NIOPosix", package: "swift-nio")
let nioHTTP1: Target.Dependency = .product(name: "NIOHTTP1", package: "swift-nio")
let nioFoundation: Target.Dependency = .product(name: "NIOFoundationCompat", package: "swift-nio")
let hummingbird: Target.Dependency = .product(name: "Hummingbird", package: "hummingbird")
let hummingbirdTLS: Target.Dependency = .product(name: "HummingbirdTLS", package: "hummingbird")
let hummingbirdHTTP2: Target.Dependency = .product(name: "HummingbirdHTTP2", package: "hummingbird")
let x509: Target.Dependency = .product(name: "X509", package: "swift-certificates")
let grdb: Target.Dependency = .product(name: "GRDB", package: "GRDB.swift")
let collections: Target.Dependency = .product(name: "Collections", package: "swift-collections")
let lifecycle: Target.Dependency = .product(name: "ServiceLifecycle", package: "swift-service-lifecycle")
let unixSignals: Target.Dependency = .product(name: "UnixSignals", package: "swift-service-lifecycle")

let package = Package(
  name: "kubectl-kratix",
  products: [
    .executable(name: "kubectl-kratix", targets: ["kubectl-kratix"]),
    .executable(name: "kratix-webhook", targets: ["kratix-webhook"]),
  ],
  dependencies: [
    .package(url: "https://github.com/apple/swift-argument-parser", from: "1.8.2"),
    .package(url: "https://github.com/jpsim/Yams", from: "6.2.2"),
    .package(url: "https://github.com/apple/swift-log", from: "1.16.2"),
    .package(url: "https://github.com/apple/swift-collections", from: "1.6.0"),
    .package(url: "https://github.com/apple/swift-crypto", from: "4.5.2"),
    .package(url: "https://github.com/apple/swift-certificates", from: "1.21.1"),
    .package(url: "https://github.com/apple/swift-nio", from: "2.101.2"),
    .package(url: "https://github.com/apple/swift-nio-ssl", from: "2.37.6"),
    .package(url: "https://github.com/apple/swift-nio-extras", from: "1.35.2"),
    .package(url: "https://github.com/hummingbird-project/hummingbird", from: "2.28.1"),
    .package(url: "https://github.com/swift-server/async-http-client", from: "1.37.0"),
    .package(url: "https://github.com/swift-server/swift-service-lifecycle", from: "2.13.0"),
    .package(url: "https://github.com/groue/GRDB.swift", from: "7.10.0"),
  ],
  targets: [
    // Ground floor: no I/O.
    .target(name: "Kubernetes", dependencies: [yams]),
    .systemLibrary(
      name: "CZlib", path: "Sources/CZlib", pkgConfig: "zlib", providers: [.apt(["zlib1g-dev"])]),
    .target(name: "KratixModel", dependencies: ["Kubernetes", "CZlib", crypto]),
    .target(name: "PromiseAuthoring", dependencies: ["KratixModel", yams]),
    .target(name: "PromiseReview", dependencies: ["KratixModel"]),

    // First floor: one kind of I/O each.
    .target(name: "Programs"),
    .target(
      name: "KubernetesClient",
      dependencies: [
        "Kubernetes", asyncHTTPClient, nioSSL, nioCore, nioPosix, nioHTTP1, x509, "Programs", logging,
      ]),
    .target(
      name: "ImageRegistry", dependencies: ["KratixModel", asyncHTTPClient, nioCore]),
    .target(name: "WorkflowRunner", dependencies: ["KratixModel", "Programs"]),
    .target(name: "FleetUpgrade", dependencies: ["PromiseReview", "WorkflowRunner"]),

    // The sandbox: an API server that knows nothing of Kratix, controllers that know nothing of the server, and the
    // assembly of both.
    .target(
      name: "APIServer",
      dependencies: [
        "Kubernetes", hummingbird, hummingbirdTLS, hummingbirdHTTP2, asyncHTTPClient, nioCore, nioPosix, nioHTTP1,
        nioFoundation, nioSSL, grdb, x509, crypto, logging, collections,
      ],
      path: "Sources/Sandbox/APIServer"),
    .target(
      name: "KratixControllers", dependencies: ["KratixModel", asyncHTTPClient, nioCore, crypto, logging, "Programs"],
      path: "Sources/Sandbox/KratixControllers"),
    .target(
      name: "Sandbox",
      dependencies: [
        "APIServer", "KratixControllers", "WorkflowRunner", "Programs", logging,
      ],
      path: "Sources/Sandbox/Platform"),

    // The two executables, each thin over a library.
    .target(
      name: "KratixPlugin",
      dependencies: [
        "PromiseAuthoring", "FleetUpgrade", "KubernetesClient", "ImageRegistry", "Sandbox", "KratixWebhook",
        "WorkflowRunner", "Programs", unixSignals,
        argumentParser, logging,
      ],
      path: "plugin/Sources/KratixPlugin"),
    .executableTarget(
      name: "kubectl-kratix", dependencies: ["KratixPlugin"], path: "plugin/Sources/kubectl-kratix"),
    .target(
      name: "KratixWebhook",
      dependencies: [
        "PromiseReview", hummingbird, hummingbirdHTTP2, nioCore, nioSSL, x509, crypto, lifecycle, logging,
        .product(name: "HummingbirdCore", package: "hummingbird"),
        .product(name: "NIOCertificateReloading", package: "swift-nio-extras"),
        .product(name: "NIOTLS", package: "swift-nio"),
      ],
      path: "webhook/Sources/KratixWebhook"),
    .executableTarget(
      name: "kratix-webhook",
      dependencies: ["KratixWebhook", "KubernetesClient", "PromiseReview", argumentParser, lifecycle, logging],
      path: "webhook/Sources/kratix-webhook"),

    .testTarget(name: "ProgramsTests", dependencies: ["Programs"]),
    .testTarget(name: "KubernetesTests", dependencies: ["Kubernetes"]),
    .testTarget(name: "KratixModelTests", dependencies: ["KratixModel"]),
    .testTarget(name: "PromiseAuthoringTests", dependencies: ["PromiseAuthoring"]),
    .testTarget(name: "PromiseReviewTests", dependencies: ["PromiseReview"]),
    .testTarget(
      name: "KubernetesClientTests",
      dependencies: ["KubernetesClient", "APIServer", nioPosix, nioCore, nioHTTP1, nioSSL, x509, crypto]),
    .testTarget(name: "ImageRegistryTests", dependencies: ["ImageRegistry"]),
    .testTarget(name: "WorkflowRunnerTests", dependencies: ["WorkflowRunner", "Programs"]),
    .testTarget(name: "FleetUpgradeTests", dependencies: ["FleetUpgrade"]),
    .testTarget(name: "APIServerTests", dependencies: ["APIServer", "KubernetesClient"]),
    .testTarget(
      name: "KratixControllersTests", dependencies: ["KratixControllers", "APIServer", "Sandbox", "FleetUpgrade"]),
    .testTarget(name: "SandboxTests", dependencies: ["Sandbox"]),
    .testTarget(
      name: "KratixWebhookTests",
      dependencies: [
        "KratixWebhook", "PromiseReview", "APIServer", asyncHTTPClient, nioCore, nioPosix, nioSSL, x509, lifecycle,
        logging,
      ],
      exclude: ["Golden"]),
    .testTarget(name: "KratixPluginTests", dependencies: ["KratixPlugin"]),
    .testTarget(name: "EndToEndTests", dependencies: ["Kubernetes", "Programs"]),
  ],
  swiftLanguageModes: [.v6]
)
