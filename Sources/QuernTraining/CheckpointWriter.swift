import QuernConcurrency
import QuernData

/// Writes a run's checkpoint every so often, so that little is lost where the process is killed.
///
/// Training goes on while a file is written: only the copying of its tensors holds up the step
/// after which it is taken. A file is written whole and then put in the old one's place, so
/// whatever happens, and whenever, one of them is there.
///
///     let writer = CheckpointWriter(trainer, path: "run.safetensors", interval: .seconds(60))
///     try trainer.train(epochs: 20, onStep: { _ in try writer.writeIfDue() })
///     try writer.finish()
///
/// Not for use from several threads at once.
public final class CheckpointWriter {
  /// When a checkpoint is due.
  public enum Interval: Sendable, Hashable {
    /// After so many steps since the last; at least 1.
    case steps(Int)
    /// After so much time since the last.
    case seconds(Double)
  }

  private let trainer: Trainer
  public let path: String
  public let interval: Interval
  /// Told where a file could not be written; training goes on, and the old file is still there.
  private let onFailure: (any Error) -> Void

  private let clock = ContinuousClock()
  private var lastStep: Int
  private var lastTime: ContinuousClock.Instant
  private var writing: Background<Void>?

  /// Removes what a process that was killed while it wrote may have left beside the file.
  ///
  /// - Parameters:
  ///   - trainer: whose run is written.
  ///   - path: the file, which is replaced again and again.
  ///   - interval: when a checkpoint is due.
  ///   - onFailure: told what went wrong with a file before the last, such as a full disk.
  public init(
    _ trainer: Trainer, path: String, interval: Interval = .seconds(60),
    onFailure: @escaping (any Error) -> Void = { _ in }
  ) {
    self.trainer = trainer
    self.path = path
    self.interval = interval
    self.onFailure = onFailure
    lastStep = trainer.position.step
    lastTime = clock.now
    removeLeftovers(besides: path)
  }

  deinit { try? writing?.value() }

  /// To be called after each step: begins to write a checkpoint if one is due. One that is due
  /// while the last is being written waits for a later step.
  ///
  /// - Throws: what copying the tensors does.
  public func writeIfDue() throws {
    guard isDue, writing?.isFinished ?? true else { return }
    settle()
    lastStep = trainer.position.step
    lastTime = clock.now
    let (checkpoint, path) = (try trainer.checkpoint(), path)
    writing = Background { try checkpoint.write(to: path) }
  }

  /// Writes the run as it stands, and waits until that is done.
  ///
  /// - Throws: `QuernError` where it cannot be written.
  public func finish() throws {
    settle()
    try trainer.checkpoint().write(to: path)
  }

  private var isDue: Bool {
    switch interval {
    case .steps(let count): trainer.position.step - lastStep >= count
    case .seconds(let seconds): lastTime.duration(to: clock.now) >= .seconds(seconds)
    }
  }

  /// Waits for the file that is being written.
  private func settle() {
    do { try writing?.value() } catch { onFailure(error) }
    writing = nil
  }
}
