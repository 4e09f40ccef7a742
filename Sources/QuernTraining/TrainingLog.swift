import QuernErrors

#if canImport(FoundationEssentials)
  import FoundationEssentials
#else
  import Foundation
#endif
#if canImport(Glibc)
  import Glibc
#elseif canImport(Musl)
  import Musl
#elseif canImport(Darwin)
  import Darwin
#endif

/// A training run as JSON lines: one object a step and one an epoch, written as they happen.
///
/// | key | step | epoch |
/// |---|---|---|
/// | `event` | `step` | `epoch` |
/// | `epoch`, `step` | counted from 1 | the same |
/// | `loss`, `accuracy` | this step's loss; accuracy so far, if there is one | means over the epoch |
/// | `evaluationLoss`, `evaluationAccuracy` | – | on validation or test set |
/// | `testLoss`, `testAccuracy` | – | on the test set, where both are evaluated |
/// | `learningRate`, `examplesPerSecond` | yes | yes |
/// | `seconds` | – | of the epoch |
public final class TrainingLog {
  /// What becomes of a log that is there already.
  public enum Mode: Hashable, Sendable {
    /// It is overwritten.
    case overwrite
    /// New lines come after the old ones, as a resumed run has it.
    case append
  }

  private struct Line: Encodable {
    var event: String
    var epoch: Int
    var step: Int
    var loss: Double
    var accuracy: Double?
    var evaluationLoss: Double?
    var evaluationAccuracy: Double?
    var testLoss: Double?
    var testAccuracy: Double?
    var learningRate: Double
    var examplesPerSecond: Double
    var seconds: Double?
  }

  private let path: String
  private let file: UnsafeMutablePointer<FILE>
  private let encoder = JSONEncoder()

  /// - Parameters:
  ///   - path: the file to write.
  ///   - mode: what becomes of a log that is there already.
  /// - Throws: `QuernError` where the file cannot be opened.
  public init(path: String, mode: Mode = .overwrite) throws {
    guard let file = fopen(path, mode == .append ? "a" : "w") else {
      throw Self.failure(path)
    }
    self.path = path
    self.file = file
    encoder.outputFormatting = [.sortedKeys]
  }

  deinit { fclose(file) }

  /// Writes a step's line.
  ///
  /// - Throws: `QuernError` where it cannot be written.
  public func record(_ progress: TrainingProgress) throws {
    try write(
      Line(
        event: "step", epoch: progress.epoch, step: progress.step, loss: progress.stepLoss,
        accuracy: progress.accuracy, learningRate: progress.learningRate,
        examplesPerSecond: progress.examplesPerSecond.rounded()))
  }

  /// Writes an epoch's line.
  ///
  /// - Throws: `QuernError` where it cannot be written.
  public func record(_ summary: EpochSummary) throws {
    try write(
      Line(
        event: "epoch", epoch: summary.epoch, step: summary.step, loss: summary.loss,
        accuracy: summary.accuracy, evaluationLoss: summary.evaluationLoss,
        evaluationAccuracy: summary.evaluationAccuracy, testLoss: summary.testLoss,
        testAccuracy: summary.testAccuracy, learningRate: summary.learningRate,
        examplesPerSecond: summary.examplesPerSecond.rounded(), seconds: summary.seconds))
    // An epoch's line is there even if the process is killed afterwards.
    if fflush(file) != 0 { throw Self.failure(path) }
  }

  private func write(_ line: Line) throws {
    let bytes = Array(try encoder.encode(line)) + [UInt8(ascii: "\n")]
    // Those who follow the file see each line at once.
    if fwrite(bytes, 1, bytes.count, file) != bytes.count || fflush(file) != 0 {
      throw Self.failure(path)
    }
  }

  private static func failure(_ path: String) -> QuernError {
    QuernError(
      path, "cannot write the log (\(String(cString: strerror(errno))))",
      remedy: "name a file in a folder that can be written", kind: .unwritable)
  }
}
