// swift-tools-version: 6.1
import PackageDescription

// One room a stage; each imports only rooms above it in this list.
let package = Package(
  name: "quern",
  products: [
    .library(name: "Quern", targets: ["Quern"]),
    .executable(name: "quern", targets: ["QuernCommand"]),
  ],
  dependencies: [
    .package(url: "https://github.com/apple/swift-argument-parser", from: "1.6.0")
  ],
  targets: [
    // System libraries.
    .systemLibrary(name: "CTinyCC", path: "Sources/CTinyCC", providers: [.apt(["libtcc-dev"])]),
    .systemLibrary(name: "CZlib", path: "Sources/CZlib", providers: [.apt(["zlib1g-dev"])]),
    .systemLibrary(name: "CPNG", path: "Sources/CPNG", providers: [.apt(["libpng-dev"])]),
    // The C that generated code rests on: vector statements, barrier.
    .target(name: "QuernKernels", path: "Kernels", linkerSettings: [.linkedLibrary("m")]),

    // The error that all rooms throw.
    .target(name: "QuernErrors"),
    // Work on other threads.
    .target(name: "QuernConcurrency"),
    // Random numbers that every run draws alike.
    .target(name: "QuernRandom"),

    // Targets, facts of processors; tuned constants, and those that decide how results round.
    .target(name: "QuernMachine", dependencies: ["QuernKernels"]),

    // What a network is.
    .target(name: "QuernGraph", dependencies: ["QuernErrors"]),
    .target(name: "QuernGradient", dependencies: ["QuernErrors", "QuernGraph"]),
    .target(name: "QuernLayers", dependencies: ["QuernErrors", "QuernRandom", "QuernGraph"]),
    .target(name: "QuernInterpreter", dependencies: ["QuernErrors", "QuernRandom", "QuernGraph"]),

    // From graph to native code.
    .target(
      name: "QuernPasses",
      dependencies: [
        "QuernErrors", "QuernConcurrency", "QuernRandom", "QuernMachine", "QuernGraph",
      ]),
    .target(name: "QuernVectors", dependencies: ["QuernKernels", "QuernMachine"]),
    .target(
      name: "QuernCodegen",
      dependencies: [
        "QuernErrors", "QuernConcurrency", "QuernMachine", "QuernGraph", "QuernPasses",
        "QuernVectors",
      ]),
    .target(
      name: "QuernCompiler",
      dependencies: [
        "QuernErrors", "QuernMachine", "QuernGraph", "QuernPasses", "QuernVectors", "QuernCodegen",
      ]),
    .target(
      name: "QuernTinyCC", dependencies: ["CTinyCC", "QuernKernels", "QuernConcurrency"]),
    .target(
      name: "QuernRuntime",
      dependencies: [
        "QuernKernels", "QuernErrors", "QuernMachine", "QuernGraph", "QuernPasses", "QuernVectors",
        "QuernCodegen", "QuernCompiler", "QuernTinyCC",
      ]),
    // What runs graphs: native code or the interpreter, as one asks.
    .target(
      name: "QuernExecution",
      dependencies: [
        "QuernErrors", "QuernMachine", "QuernGraph", "QuernInterpreter", "QuernPasses",
        "QuernCompiler", "QuernRuntime",
      ]),

    // Training and its data.
    .target(
      name: "QuernDigits", exclude: ["README.md"],
      resources: [
        .embedInCode("Resources/digits-images-idx3-ubyte.gz"),
        .embedInCode("Resources/digits-labels-idx1-ubyte.gz"),
      ]),
    .target(
      name: "QuernData", dependencies: ["CZlib", "QuernErrors", "QuernRandom", "QuernDigits"]),
    .target(name: "QuernAugmentation", dependencies: ["QuernErrors", "QuernRandom", "QuernData"]),
    .target(
      name: "QuernTraining",
      dependencies: [
        "QuernErrors", "QuernConcurrency", "QuernRandom", "QuernMachine", "QuernGraph",
        "QuernGradient", "QuernLayers", "QuernInterpreter", "QuernExecution", "QuernData",
        "QuernAugmentation",
      ]),

    // For the eye: plots and diagrams as SVG; PNG files, filters, weights as pictures.
    .target(name: "QuernDrawing"),
    .target(
      name: "QuernImages",
      dependencies: ["CPNG", "QuernErrors", "QuernGraph", "QuernData", "QuernDrawing"]),

    // The lecture's questions, answered by graphs and compiled kernels.
    .target(
      name: "QuernExplain",
      dependencies: [
        "QuernErrors", "QuernRandom", "QuernGraph", "QuernGradient", "QuernLayers", "QuernPasses",
        "QuernExecution", "QuernTraining",
      ]),

    // What people import, and what they run.
    .target(
      name: "Quern",
      dependencies: [
        "QuernErrors", "QuernRandom", "QuernMachine", "QuernGraph", "QuernGradient", "QuernLayers",
        "QuernInterpreter", "QuernCompiler", "QuernRuntime", "QuernExecution", "QuernData",
        "QuernAugmentation", "QuernTraining", "QuernImages",
      ]),
    // What a training run leaves: a page, and event files for TensorBoard.
    .target(
      name: "QuernReport",
      dependencies: [
        "QuernErrors", "QuernGraph", "QuernLayers", "QuernData", "QuernDrawing", "QuernImages",
      ]),
    .target(name: "QuernTensorBoard", dependencies: ["QuernErrors"]),
    .executableTarget(
      name: "QuernCommand",
      dependencies: [
        "QuernConcurrency", "QuernDrawing", "QuernExplain", "Quern", "QuernReport",
        "QuernTensorBoard", .product(name: "ArgumentParser", package: "swift-argument-parser"),
      ]),

    // Quern's part in the speed comparison with other systems.
    .executableTarget(
      name: "QuernPeer", dependencies: ["Quern"], path: "Tests/Peers/QuernPeer"),

    // What several test targets share: random graphs, unusual machines, schedules.
    .target(
      name: "QuernTestSupport",
      dependencies: [
        "QuernErrors", "QuernRandom", "QuernMachine", "QuernGraph", "QuernGradient", "QuernPasses",
        "QuernVectors", "QuernCodegen", "QuernCompiler", "QuernRuntime",
      ],
      path: "Tests/TestSupport"),
    // Hashes of generated code: see Tests/Golden/run.sh.
    .executableTarget(
      name: "QuernGolden",
      dependencies: [
        "QuernMachine", "QuernVectors", "QuernCodegen", "Quern", "QuernTestSupport",
        .product(name: "ArgumentParser", package: "swift-argument-parser"),
      ],
      path: "Tests/Golden/QuernGolden"),

    .testTarget(
      name: "QuernRuntimeTests",
      dependencies: [
        "QuernKernels", "QuernErrors", "QuernRandom", "QuernMachine", "QuernGraph", "QuernGradient",
        "QuernLayers", "QuernInterpreter", "QuernPasses", "QuernVectors", "QuernCodegen",
        "QuernCompiler", "QuernRuntime", "QuernTestSupport",
      ]),
    .testTarget(name: "QuernErrorsTests", dependencies: ["QuernErrors"]),
    .testTarget(name: "QuernConcurrencyTests", dependencies: ["QuernConcurrency"]),
    .testTarget(name: "QuernRandomTests", dependencies: ["QuernRandom"]),
    .testTarget(name: "QuernMachineTests", dependencies: ["QuernMachine"]),
    .testTarget(name: "QuernGraphTests", dependencies: ["QuernErrors", "QuernGraph"]),
    .testTarget(
      name: "QuernInterpreterTests",
      dependencies: ["QuernErrors", "QuernRandom", "QuernGraph", "QuernInterpreter"]),
    .testTarget(
      name: "QuernGradientTests",
      dependencies: [
        "QuernErrors", "QuernRandom", "QuernGraph", "QuernGradient", "QuernInterpreter",
      ]),
    .testTarget(
      name: "QuernPassesTests",
      dependencies: [
        "QuernErrors", "QuernRandom", "QuernMachine", "QuernGraph", "QuernGradient",
        "QuernInterpreter", "QuernPasses", "QuernCompiler", "QuernTestSupport",
      ]),
    // How loop nests are cut: nothing is compiled, so all targets are tried on any processor.
    .testTarget(
      name: "QuernCodegenTests",
      dependencies: [
        "QuernMachine", "QuernGraph", "QuernGradient", "QuernPasses", "QuernVectors",
        "QuernCodegen", "QuernCompiler", "QuernRuntime", "QuernTestSupport",
      ]),
    .testTarget(
      name: "QuernCompilerTests",
      dependencies: [
        "QuernErrors", "QuernMachine", "QuernGraph", "QuernLayers", "QuernPasses", "QuernVectors",
        "QuernCompiler", "QuernRuntime", "QuernTraining", "QuernTestSupport",
      ]),
    .testTarget(
      name: "QuernSimplifyTests",
      dependencies: [
        "QuernErrors", "QuernRandom", "QuernGraph", "QuernGradient", "QuernInterpreter",
        "QuernPasses",
      ]),
    .testTarget(
      name: "QuernLayersTests",
      dependencies: [
        "QuernErrors", "QuernGraph", "QuernGradient", "QuernLayers", "QuernInterpreter",
      ]),
    .testTarget(name: "QuernTinyCCTests", dependencies: ["QuernTinyCC"]),
    .testTarget(
      name: "QuernVectorsTests",
      dependencies: ["QuernRandom", "QuernMachine", "QuernVectors", "QuernTinyCC"]),
    .testTarget(
      name: "QuernDataTests", dependencies: ["CZlib", "QuernErrors", "QuernRandom", "QuernData"]),
    .testTarget(
      name: "QuernAugmentationTests",
      dependencies: ["QuernRandom", "QuernData", "QuernAugmentation"]),
    .testTarget(
      name: "QuernTrainingTests",
      dependencies: [
        "QuernErrors", "QuernRandom", "QuernGraph", "QuernLayers", "QuernInterpreter",
        "QuernExecution", "QuernData", "QuernAugmentation", "QuernTraining", "QuernTestSupport",
      ]),
    .testTarget(
      name: "QuernImagesTests",
      dependencies: [
        "CZlib", "QuernErrors", "QuernRandom", "QuernGraph", "QuernInterpreter", "QuernRuntime",
        "QuernImages",
      ]),
    .testTarget(name: "QuernDrawingTests", dependencies: ["QuernDrawing"]),
    .testTarget(
      name: "QuernReportTests",
      dependencies: ["QuernErrors", "QuernLayers", "QuernDrawing", "QuernImages", "QuernReport"]),
    .testTarget(
      name: "QuernTensorBoardTests", dependencies: ["QuernErrors", "QuernTensorBoard"]),
    .testTarget(
      name: "QuernExplainTests",
      dependencies: [
        "QuernErrors", "QuernMachine", "QuernGraph", "QuernLayers", "QuernVectors",
        "QuernExecution", "QuernExplain",
      ]),
    .testTarget(name: "QuernTests", dependencies: ["QuernMachine", "QuernCodegen", "Quern"]),
    .testTarget(
      name: "QuernCommandTests",
      dependencies: [
        "QuernCommand", "QuernMachine", "QuernVectors", "QuernImages", "QuernTestSupport",
      ]),
  ],
  swiftLanguageModes: [.v6],
  cLanguageStandard: .c2x
)

// For "make docs" only: packages that import Quern should not have to fetch the plugin.
if Context.environment["QUERN_DOCS"] != nil {
  package.dependencies.append(
    .package(url: "https://github.com/swiftlang/swift-docc-plugin", from: "1.5.0"))
  // Pages can link to those of a module's own dependencies; Quern's first page lists all modules.
  let quern = package.targets.first { $0.name == "Quern" }
  let others = package.targets.filter {
    $0.type == .regular && $0.path == nil && $0.name != "Quern"
  }
  quern?.dependencies = others.map { .target(name: $0.name) }
}
