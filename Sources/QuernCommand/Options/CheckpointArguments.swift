import ArgumentParser
import Quern

#if canImport(Glibc)
  import Glibc
#elseif canImport(Musl)
  import Musl
#elseif canImport(Darwin)
  import Darwin
#endif

/// How a run survives being killed.
struct CheckpointArguments: ParsableArguments {
  @Option(
    help: ArgumentHelp(
      "Write a checkpoint here every minute, at the end, and when interrupted.",
      discussion: """
        Training goes on while it is written, and at any moment the last one, or the one before, is \
        there whole. --save writes at the end and when interrupted only; --load reads a file once, \
        and never writes it.
        """))
  var checkpoint: String?

  @Option(parsing: .unconditional, help: "Write the checkpoint after so many steps instead.")
  var every: Int?

  @Flag(help: "Go on from the file of --checkpoint; begin afresh if there is none yet.")
  var resume = false

  func validate() throws {
    if checkpoint == nil, every != nil { throw ValidationError("--every needs --checkpoint FILE") }
    if checkpoint == nil, resume { throw ValidationError("--resume needs --checkpoint FILE") }
  }

  /// The file to go on from, where there is one.
  ///
  /// - Throws: ``Failure`` where the file is there without having been asked for, cannot be written,
  ///   or `--every` is no number of steps; `QuernError` where it cannot be read.
  func past() throws -> Checkpoint? {
    guard let checkpoint else { return nil }
    if let every, every < 1 { throw Failure("--every is \(every); give at least 1 step") }
    try Files.checkWritable(checkpoint)
    guard access(checkpoint, F_OK) == 0 else { return nil }
    guard resume else {
      throw Failure(
        "\(checkpoint): is there already, and would be overwritten; give --resume to go on from it, "
          + "or --checkpoint another file")
    }
    let past = try Checkpoint(contentsOf: checkpoint)
    guard past.training != nil else {
      throw Failure(
        "\(checkpoint): holds weights, but no training run to resume; give --load to start from "
          + "them, and --checkpoint another file")
    }
    return past
  }

  func writer(_ trainer: Trainer) -> CheckpointWriter? {
    checkpoint.map { path in
      CheckpointWriter(
        trainer, path: path, interval: every.map { .steps($0) } ?? .seconds(60),
        onFailure: { Terminal.complain("quern: \($0) Training goes on.") })
    }
  }
}
