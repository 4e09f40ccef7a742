import QuernData
import QuernErrors

#if canImport(FoundationEssentials)
  import FoundationEssentials
#else
  import Foundation
#endif

/// How a run went, step by step (thinned) and epoch by epoch.
public struct LearningCurves: Sendable, Hashable, Codable {
  public struct Epoch: Sendable, Hashable, Codable {
    /// Counted from 1.
    public var epoch: Int
    /// Mean loss over the epoch, each example at the time of its step.
    public var loss: Double
    /// Share of the epoch's examples that were classified correctly; nil where none counts as that.
    public var accuracy: Double?
    /// On the validation set, or else the test set, after the epoch.
    public var evaluationLoss: Double?
    public var evaluationAccuracy: Double?
    /// On the test set, where that is not what ``evaluationAccuracy`` is of.
    public var testAccuracy: Double?
    /// η of the last step.
    public var learningRate: Double
    /// Training and evaluation.
    public var seconds: Double

    public init(
      epoch: Int, loss: Double, accuracy: Double?, evaluationLoss: Double? = nil,
      evaluationAccuracy: Double? = nil, testAccuracy: Double? = nil, learningRate: Double,
      seconds: Double
    ) {
      self.epoch = epoch
      self.loss = loss
      self.accuracy = accuracy
      self.evaluationLoss = evaluationLoss
      self.evaluationAccuracy = evaluationAccuracy
      self.testAccuracy = testAccuracy
      self.learningRate = learningRate
      self.seconds = seconds
    }
  }

  /// What was trained.
  public let model: String
  /// x: epochs done, with the share of the present one; y: the step's mean loss.
  public private(set) var steps = ThinnedSeries()
  /// x as in ``steps``; y: η.
  public private(set) var learningRates = ThinnedSeries(limit: 300)
  public private(set) var epochs: [Epoch] = []

  public init(model: String) { self.model = model }

  /// - Parameters:
  ///   - place: epochs done, with the share of the present one.
  ///   - loss: mean loss of the step's examples.
  ///   - learningRate: η of the step.
  public mutating func addStep(at place: Double, loss: Double, learningRate: Double) {
    steps.add(place, loss)
    learningRates.add(place, learningRate)
  }

  public mutating func add(_ epoch: Epoch) { epochs.append(epoch) }

  /// Forgets what came after a place, in epochs: the run goes on from there.
  public mutating func cut(after place: Double) {
    // Steps lie at multiples of 1/steps: half of any of them is more than rounding.
    steps.cut(after: place + 1e-9)
    learningRates.cut(after: place + 1e-9)
    epochs.removeAll { Double($0.epoch) > place }
  }

  // MARK: Files

  /// Writes them for a later process of the same run.
  ///
  /// - Throws: `QuernError` where they cannot be written.
  public func write(to path: String) throws {
    let encoder = JSONEncoder()
    encoder.outputFormatting = [.sortedKeys]
    encoder.nonConformingFloatEncodingStrategy = .convertToString(
      positiveInfinity: "inf", negativeInfinity: "-inf", nan: "nan")
    try atomicWrite(Array(encoder.encode(self)) + [UInt8(ascii: "\n")], to: path)
  }

  /// - Throws: `QuernError` where there is no such file, or it is none that ``write(to:)`` wrote.
  public init(contentsOf path: String) throws {
    let bytes = try SystemFile.contents(of: path)
    let decoder = JSONDecoder()
    decoder.nonConformingFloatDecodingStrategy = .convertFromString(
      positiveInfinity: "inf", negativeInfinity: "-inf", nan: "nan")
    do { self = try decoder.decode(Self.self, from: Data(bytes)) } catch {
      throw QuernError(
        .corrupt, in: path, found: "is no file of learning curves",
        expected: "what an earlier part of the run has written",
        remedy: "Remove it, or choose another folder for the report.")
    }
  }
}
