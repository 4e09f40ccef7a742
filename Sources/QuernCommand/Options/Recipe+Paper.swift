import Quern

#if canImport(Glibc)
  import Glibc
#elseif canImport(Musl)
  import Musl
#elseif canImport(Darwin)
  import Darwin
#endif

extension Recipe {
  /// Examples a step for `ciresan-1` … `-3`, unless an option says otherwise. The paper takes one.
  static let paperBatch = 32
  /// Examples a step for `ciresan-4` and `-5`, which learn worse with more, or diverge.
  static let deepPaperBatch = 16
  /// For `ciresan-1` this is half an hour on two cores.
  static let paperEpochs = 400

  /// The recipe of Cireşan et al. 2010 (arXiv 1003.0358), table 1.
  ///
  /// The paper updates after each example, at rates from 1e-3 down to 1e-6. Here a step moves along
  /// the mean of a batch's gradients, so the rate is the paper's times the batch size: the step is
  /// then the sum of the updates that the examples would have made at the same weights.
  ///
  /// That is right as long as weights change little within a batch. Measured on MNIST, in the first
  /// epoch: `ciresan-1` diverges with the rate for 128 examples, `ciresan-2` and `-3` with that for
  /// 64, `ciresan-5` with that for 32; `ciresan-4` learns worse with 32 than with 16. So with a batch
  /// larger than the recipe's the rate is that of the recipe's batch.
  ///
  /// - Parameters:
  ///   - epochs: those over which the learning rate falls.
  ///   - batch: examples a step.
  /// - Throws: ``Failure`` for a network that is not the paper's.
  init(paper model: BuiltInModel, epochs: Int?, batch: Int?) throws {
    switch model {
    case .ciresan1, .ciresan2, .ciresan3, .ciresan4, .ciresan5: break
    default:
      throw Failure(
        "--recipe paper is for ciresan-1 … ciresan-5, not for \(model.name); give --deform paper "
          + "to deform its pictures likewise")
    }
    self.init(model)
    data = "mnist"
    self.epochs = Self.paperEpochs
    let largest =
      model == .ciresan4 || model == .ciresan5 ? Self.deepPaperBatch : Self.paperBatch
    self.batch = largest
    optimizer = .sgd
    learningRate = LearningRate(
      1e-3 * Double(min(max(batch ?? largest, 1), largest)),
      schedule: .exponential(factor: Self.paperFactor(epochs: epochs ?? self.epochs)))
    deformation = .paper
    validation = .trainingSet
  }

  /// What the rate is multiplied by after each epoch, so that it ends at a thousandth.
  private static func paperFactor(epochs: Int) -> Double {
    epochs > 1 ? pow(1e-3, 1 / Double(epochs - 1)) : 1
  }
}
