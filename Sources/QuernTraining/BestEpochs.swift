/// The epochs a run is judged by, as the table of Cireşan et al. 2010 does.
public struct BestEpochs: Sendable, Hashable {
  /// What an epoch came to on the validation set and on the test set; errors are shares.
  public struct Result: Sendable, Hashable {
    /// Counted from 1.
    public var epoch: Int
    public var validationError: Double
    public var validationLoss: Double
    public var testError: Double

    public init(epoch: Int, validationError: Double, validationLoss: Double, testError: Double) {
      self.epoch = epoch
      self.validationError = validationError
      self.validationLoss = validationLoss
      self.testError = testError
    }
  }

  /// The epoch that did best on the validation set, whose test error is "test error for best
  /// validation": what one reports, since the test set had no part in the choice. Of equal errors
  /// the one with the smaller loss, and of those the first.
  public var byValidation: Result
  /// The epoch that did best on the test set, the first of equals: what luck could have chosen.
  public var byTest: Result

  /// A run's first epoch is the best in both.
  package init(_ first: Result) { self.init(byValidation: first, byTest: first) }

  init(byValidation: Result, byTest: Result) {
    self.byValidation = byValidation
    self.byTest = byTest
  }

  package func adding(_ result: Result) -> BestEpochs {
    var best = self
    if (result.validationError, result.validationLoss)
      < (byValidation.validationError, byValidation.validationLoss)
    {
      best.byValidation = result
    }
    if result.testError < byTest.testError { best.byTest = result }
    return best
  }
}

extension BestEpochs.Result: LosslessStringConvertible {
  /// The epoch, then the numbers in the order above, as a checkpoint's metadata hold them.
  public var description: String {
    "\(epoch) \(validationError) \(validationLoss) \(testError)"
  }

  public init?(_ text: String) {
    let fields = text.split(separator: " ")
    let numbers = fields.dropFirst().compactMap { Double($0) }
    guard fields.count == 4, numbers.count == 3, let epoch = Int(fields[0]), epoch > 0 else {
      return nil
    }
    self.init(
      epoch: epoch, validationError: numbers[0], validationLoss: numbers[1], testError: numbers[2])
  }
}
