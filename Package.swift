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

    // Work on other threads.
    .target(name: "QuernConcurrency"),
    // Random numbers that every run draws alike.
    .target(name: "QuernRandom"),

    // Tuned constants, and those that decide how results round.
    .target(name: "QuernMachine"),

    // What a network is.
    .target(name: "QuernGraph"),
    .target(name: "QuernGradient", dependencies: ["QuernGraph"]),
    .target(name: "QuernLayers", dependencies: ["QuernGraph", "QuernRandom"]),
    .target(name: "QuernInterpreter", dependencies: ["QuernGraph", "QuernRandom"]),

    // From graph to native code.
    .target(
      name: "QuernPasses",
      dependencies: ["QuernMachine", "QuernGraph", "QuernRandom", "QuernConcurrency"]),
    .target(name: "QuernVectors", dependencies: ["QuernKernels"]),
    .target(
      name: "QuernCodegen",
      dependencies: [
        "QuernMachine", "QuernGraph", "QuernPasses", "QuernVectors", "QuernConcurrency",
      ]),
    .target(
      name: "QuernCompiler",
      dependencies: ["QuernMachine", "QuernGraph", "QuernPasses", "QuernVectors", "QuernCodegen"]),
    .target(
      name: "QuernTinyCC", dependencies: ["CTinyCC", "QuernKernels", "QuernConcurrency"]),
    .target(
      name: "QuernRuntime",
      dependencies: [
        "QuernGraph", "QuernPasses", "QuernVectors", "QuernCodegen", "QuernCompiler",
        "QuernTinyCC", "QuernKernels",
      ]),
    // What runs graphs: native code or the interpreter, as one asks.
    .target(
      name: "QuernExecution",
      dependencies: [
        "QuernGraph", "QuernInterpreter", "QuernPasses", "QuernVectors", "QuernCompiler",
        "QuernRuntime",
      ]),

    // Training and its data.
    .target(
      name: "QuernDigits", exclude: ["README.md"],
      resources: [
        .embedInCode("Resources/digits-images-idx3-ubyte.gz"),
        .embedInCode("Resources/digits-labels-idx1-ubyte.gz"),
      ]),
    .target(name: "QuernData", dependencies: ["CZlib", "QuernDigits", "QuernRandom"]),
    .target(name: "QuernAugmentation", dependencies: ["QuernData", "QuernRandom"]),
    .target(
      name: "QuernTraining",
      dependencies: [
        "QuernGraph", "QuernGradient", "QuernLayers", "QuernInterpreter", "QuernExecution",
        "QuernData", "QuernAugmentation", "QuernRandom", "QuernConcurrency",
      ]),

    // For the eye: plots and diagrams as SVG; PNG files, filters, weights as pictures.
    .target(name: "QuernDrawing"),
    .target(
      name: "QuernImages", dependencies: ["CPNG", "QuernData", "QuernGraph", "QuernDrawing"]),

    // The lecture's questions, answered by graphs and compiled kernels.
    .target(
      name: "QuernExplain",
      dependencies: [
        "QuernGraph", "QuernGradient", "QuernLayers", "QuernPasses", "QuernExecution",
        "QuernTraining", "QuernRandom",
      ]),

    // What people import, and what they run.
    .target(
      name: "Quern",
      dependencies: [
        "QuernGraph", "QuernGradient", "QuernLayers", "QuernInterpreter", "QuernVectors",
        "QuernCompiler", "QuernRuntime", "QuernExecution", "QuernData", "QuernAugmentation",
        "QuernTraining",
        "QuernImages", "QuernRandom",
      ]),
    // What a training run leaves: a page, and event files for TensorBoard.
    .target(
      name: "QuernReport",
      dependencies: ["QuernDrawing", "QuernImages", "QuernGraph", "QuernLayers", "QuernData"]),
    .target(name: "QuernTensorBoard", dependencies: ["QuernData"]),
    .executableTarget(
      name: "QuernCommand",
      dependencies: [
        "Quern", "QuernConcurrency", "QuernDrawing", "QuernExplain", "QuernReport",
        "QuernTensorBoard",
        .product(name: "ArgumentParser", package: "swift-argument-parser"),
      ]),

    // Quern's part in the speed comparison with other systems.
    .executableTarget(
      name: "QuernPeer", dependencies: ["Quern"], path: "Tests/Peers/QuernPeer"),

    // What several test targets share: random graphs, unusual machines.
    .target(
      name: "QuernTestSupport",
      dependencies: [
        "QuernGraph", "QuernGradient", "QuernPasses", "QuernVectors", "QuernCodegen",
        "QuernCompiler", "QuernRuntime", "QuernRandom",
      ],
      path: "Tests/TestSupport"),
    // Hashes of generated code: see Tests/Golden/run.sh.
    .executableTarget(
      name: "QuernGolden",
      dependencies: [
        "Quern", "QuernTestSupport",
        .product(name: "ArgumentParser", package: "swift-argument-parser"),
      ],
      path: "Tests/Golden/QuernGolden"),

    .testTarget(
      name: "QuernRuntimeTests",
      dependencies: [
        "QuernRuntime", "QuernMachine", "QuernCompiler", "QuernInterpreter", "QuernGradient",
        "QuernLayers", "QuernRandom", "QuernTestSupport",
      ]),
    .testTarget(name: "QuernConcurrencyTests", dependencies: ["QuernConcurrency"]),
    .testTarget(name: "QuernRandomTests", dependencies: ["QuernRandom"]),
    .testTarget(name: "QuernGraphTests", dependencies: ["QuernGraph"]),
    .testTarget(
      name: "QuernInterpreterTests", dependencies: ["QuernInterpreter", "QuernRandom"]),
    .testTarget(
      name: "QuernGradientTests",
      dependencies: ["QuernGradient", "QuernInterpreter", "QuernRandom"]),
    .testTarget(
      name: "QuernPassesTests",
      dependencies: [
        "QuernPasses", "QuernMachine", "QuernCompiler", "QuernGradient", "QuernInterpreter",
        "QuernRandom",
      ]),
    .testTarget(
      name: "QuernSimplifyTests",
      dependencies: ["QuernPasses", "QuernGradient", "QuernInterpreter", "QuernRandom"]),
    .testTarget(
      name: "QuernLayersTests",
      dependencies: ["QuernLayers", "QuernGradient", "QuernInterpreter"]),
    .testTarget(name: "QuernTinyCCTests", dependencies: ["QuernTinyCC"]),
    .testTarget(
      name: "QuernVectorsTests", dependencies: ["QuernVectors", "QuernTinyCC", "QuernRandom"]),
    .testTarget(name: "QuernDataTests", dependencies: ["QuernData", "CZlib", "QuernRandom"]),
    .testTarget(
      name: "QuernAugmentationTests",
      dependencies: ["QuernAugmentation", "QuernData", "QuernRandom"]),
    .testTarget(
      name: "QuernTrainingTests",
      dependencies: [
        "QuernGraph", "QuernLayers", "QuernInterpreter", "QuernExecution", "QuernData",
        "QuernAugmentation", "QuernTraining", "QuernRandom",
      ]),
    .testTarget(
      name: "QuernImagesTests",
      dependencies: [
        "QuernImages", "QuernInterpreter", "QuernRuntime", "QuernRandom", "CZlib",
      ]),
    .testTarget(name: "QuernDrawingTests", dependencies: ["QuernDrawing"]),
    .testTarget(
      name: "QuernReportTests",
      dependencies: ["QuernReport", "QuernDrawing", "QuernImages", "QuernLayers"]),
    .testTarget(name: "QuernTensorBoardTests", dependencies: ["QuernTensorBoard"]),
    .testTarget(
      name: "QuernExplainTests",
      dependencies: ["QuernExplain", "QuernGraph", "QuernLayers", "QuernExecution", "QuernVectors"]),
    .testTarget(name: "QuernTests", dependencies: ["Quern", "QuernCodegen"]),
    .testTarget(
      name: "QuernCommandTests", dependencies: ["QuernCommand", "QuernImages", "QuernVectors"]),
  ],
  swiftLanguageModes: [.v6],
  cLanguageStandard: .c2x
)
