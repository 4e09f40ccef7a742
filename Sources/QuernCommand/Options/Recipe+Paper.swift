import Quern

#if canImport(Glibc)
  import Glibc
#elseif canImport(Musl)
  import Musl
#elseif canImport(Darwin)
  import Darwin
#endif

extension Recipe {
  /// Examples a step, unless it is asked for otherwise, for `ciresan-1` … `-3`; the paper has one.
  static let paperBatch = 32
  /// That for `ciresan-4` and `-5`, whose many layers bear less.
  static let deepPaperBatch = 16
  /// Half an hour of `ciresan-1` on two cores.
  static let paperEpochs = 400

  /// The recipe of Cireşan et al. 2010 (arXiv 1003.0358), table 1.
  ///
  /// The paper updates after each example, at rates from 1e-3 down to 1e-6. A step over a batch
  /// moves along the mean of its gradients; at a rate larger by its size, that is the sum of the
  /// updates that its examples would have made at the same weights. That holds as long as weights
  /// change little within a batch. Measured on MNIST, in the first epoch: with the rate for 64
  /// examples `ciresan-2` and `-3` diverge, with that for 128 `ciresan-1` does, with that for 32
  /// `ciresan-5` does, and `ciresan-4` learns worse than with 16. So beyond the recipe's batch the
  /// rate stays.
  ///
  /// - Parameters:
  ///   - epochs: over which the learning rate falls.
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

  /// What the rate is multiplied by after each epoch, so that the last has a thousandth of the
  /// first's.
  private static func paperFactor(epochs: Int) -> Double {
    epochs > 1 ? pow(1e-3, 1 / Double(epochs - 1)) : 1
  }
}
