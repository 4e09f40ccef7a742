import QuernData
import QuernExecution
import QuernGraph
import QuernLayers

/// ‖∇Q(w)‖ of a training run: the norm of the gradient of the mean loss over the whole training set.
///
/// It takes one pass forward and backward over the set, about as long as an epoch of training. Layers
/// behave as in training: dropout drops, and batch normalisation takes each batch's statistics. The
/// pictures are those of the set, not deformed: what deformations draw differs from pass to pass.
final class FullGradient {
  private let step: GradientStep
  private let executable: any Executable
  private let loader: BatchLoader

  init(_ trainer: Trainer) throws {
    let settings = trainer.settings
    step = try GradientStep(
      trainer.network, loss: trainer.loss, regularisation: settings.regularisation,
      batchSize: settings.batchSize)
    executable = try settings.execution.makeExecutable(step.graph)
    loader = try BatchLoader(
      trainer.training, batchSize: settings.batchSize, targetName: step.targetName, in: step.graph)
  }

  /// - Parameter weights: w, with the network's state.
  func norm(at weights: Weights) throws -> Double {
    try weights.copy(to: executable)
    var sums = step.parameters.map { [Double](repeating: 0, count: $0.shape.elementCount) }
    var total = 0
    for batch in 0..<loader.batchCount {
      let count = try loader.load(batch, into: executable)
      try executable.run()
      total += count
      for (number, parameter) in step.parameters.enumerated() {
        let gradient = try executable.floats(GradientStep.output(of: parameter.name))
        // A batch's gradient is the mean over its examples.
        for place in gradient.indices {
          sums[number][place] += Double(gradient[place]) * Double(count)
        }
      }
    }
    let squares = sums.reduce(0) { $0 + $1.reduce(0) { $0 + $1 * $1 } }
    return squares.squareRoot() / Double(max(total, 1))
  }
}
