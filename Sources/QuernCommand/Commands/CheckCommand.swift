import ArgumentParser
import Quern

struct CheckCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "check",
    abstract: "Compare compiled kernels, interpreter and finite differences.",
    discussion: """
      One batch of random pictures: loss, gradients and updated parameters in double precision by \
      the interpreter are the reference. Gradients are compared with finite differences; the \
      interpreter in single precision, and every backend and target with each number of threads, \
      with the reference. Numbers are the largest error of a tensor relative to its largest value. \
      Results have to be bit-equal over thread counts.
      """)

  @OptionGroup var model: ModelArguments

  @Option(parsing: .unconditional, help: "Examples in the batch.")
  var batch = 2

  @Option(parsing: .unconditional, help: "Coordinates of each parameter for finite differences.")
  var samples = 2

  @Option(help: "Check this target only.")
  var target: Target?

  @Option(help: "Check this backend only: tinycc or cc.")
  var backend: Backend?

  @Option(help: "Thread counts, with commas.")
  var threads = "1,2,3"

  @Flag(help: "Print JSON.")
  var json = false

  private struct Report: Encodable {
    var model: String
    var batch: Int
    var isSound: Bool
    var findings: [ModelCheck.Finding]
  }

  func run() throws {
    guard backend != .interpreter else {
      throw Failure(
        "--backend is interpreter, with which the others are compared; give tinycc or cc")
    }
    guard batch > 0 else { throw Failure("--batch is \(batch); give at least 1") }
    guard samples > 0 else { throw Failure("--samples is \(samples); give at least 1") }
    let counts = threads.split(separator: ",").compactMap { Int($0) }
    guard !counts.isEmpty, counts.count == threads.split(separator: ",").count else {
      throw Failure("--threads is \(threads); give numbers such as 1,2,3")
    }
    for count in counts { try CompileOptions.validate(threads: count) }
    let network = try model.network()
    let check = try ModelCheck(
      network, batch: batch, samples: samples, variants: variants(), threadCounts: counts)
    let findings = try check.run()
    let isSound = findings.allSatisfy(\.isSound)
    if json {
      try JSONOutput.print(
        Report(model: network.name, batch: batch, isSound: isSound, findings: findings))
    } else {
      Self.table(findings).print()
      print(Self.verdict(findings))
    }
    if !isSound { throw ExitCode.failure }
  }

  private func variants() throws -> [ExecutionOptions] {
    let backends = Backend.allCases.filter {
      $0 != .interpreter && (backend == nil || backend == $0)
    }
    if let target { try ExecutionOptions(backend: .tinycc, target: target).validate() }
    let targets = Target.all.filter { $0.isSupported && (target == nil || target == $0) }
    return backends.flatMap { backend in
      targets.map { ExecutionOptions(backend: backend, target: $0) }
    }
  }

  /// A row for each tensor, a column for each comparison.
  private static func table(_ findings: [ModelCheck.Finding]) -> TextTable {
    var comparisons: [String] = []
    var tensors: [String] = []
    for finding in findings {
      if !comparisons.contains(finding.comparison) { comparisons.append(finding.comparison) }
      if !tensors.contains(finding.tensor) { tensors.append(finding.tensor) }
    }
    tensors.sort { rank($0) < rank($1) }
    var table = TextTable([("tensor", .left)] + comparisons.map { ($0, .right) })
    for tensor in tensors {
      table.add(
        [tensor]
          + comparisons.map { comparison in
            let finding = findings.first { $0.tensor == tensor && $0.comparison == comparison }
            guard let finding else { return "" }
            return Deviation.text(finding.error) + (finding.isSound ? "" : " ✗")
          })
    }
    return table
  }

  private static func rank(_ tensor: String) -> Int {
    tensor == StepOutput.loss ? 0 : tensor.hasPrefix("gradient/") ? 1 : 2
  }

  private static func verdict(_ findings: [ModelCheck.Finding]) -> String {
    let bad = findings.filter { !$0.isSound }
    guard let worst = bad.max(by: { $0.error < $1.error }) else {
      return "all \(findings.count) comparisons within their tolerances"
    }
    return "\(bad.count) of \(findings.count) comparisons beyond their tolerances; the worst: "
      + "\(worst.tensor), \(worst.comparison): \(Deviation.text(worst.error)), tolerance "
      + Deviation.text(worst.tolerance)
  }
}
