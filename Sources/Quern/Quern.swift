/// Neural networks as native kernels.
///
/// You describe a network; Quern keeps it as a static graph, derives the gradient symbolically,
/// fuses both into C loops, compiles those in memory with TinyCC in milliseconds, and calls them.
///
/// | to | use |
/// |---|---|
/// | describe a network | `Network`, and layers such as `Conv2D`, `Dense`, `ReLU`; `BuiltInModel` |
/// | load data | `DataSource`, `Dataset` |
/// | deform pictures | `Deformation` |
/// | train | `Trainer`; `SGD`, `Momentum`, `Nesterov`, `Adam`, `AdamW`; `LearningRateSchedule` |
/// | save, load, predict | `Model`, `Checkpoint`, `Weights` |
/// | evaluate | `Evaluation`, `ConfusionMatrix` |
/// | write a layer or loss | `Layer`, `Loss`, and the op-level `Tensor` and `GraphBuilder` |
/// | see a graph and its gradient | `TrainingStep`, `EvaluationStep`, `gradient(of:withRespectTo:)` |
/// | read and write PNG, filter pictures, draw weights | `Picture`, `PictureFilter`, `WeightPictures` |
/// | run any graph | `ExecutionOptions.makeExecutable(_:)`, `Interpreter` |
/// | tell what went wrong | `QuernError` |
///
///     let network = Network("digits", input: .picture(height: 8, width: 8, channels: 1)) {
///       Conv2D(32, kernel: 3, padding: .same)
///       ReLU()
///       MaxPool(2)
///       Flatten()
///       Dense(10)
///     }
///     let data = try DataSource.digits.load()
///     let trainer = try Trainer(network, training: data.training, evaluation: data.test)
///     try trainer.train(epochs: 20) { print($0) }
///     try trainer.model().save(to: "digits.safetensors")
@_exported import QuernAugmentation
@_exported import QuernCompiler
@_exported import QuernData
@_exported import QuernErrors
@_exported import QuernExecution
@_exported import QuernGradient
@_exported import QuernGraph
@_exported import QuernImages
@_exported import QuernInterpreter
@_exported import QuernLayers
@_exported import QuernRandom
@_exported import QuernRuntime
@_exported import QuernTraining

@_exported import struct QuernMachine.Numerics
@_exported import struct QuernMachine.Target
