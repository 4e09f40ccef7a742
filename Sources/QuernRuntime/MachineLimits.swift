import QuernCodegen
import QuernKernels
import QuernMachine
import QuernTinyCC
import QuernVectors

/// What the processor can do at best, measured now: the yardstick for every other figure.
public struct MachineLimits: Sendable {
  /// Floating-point operations a second of fused multiply-adds on registers, two each, by all
  /// threads together.
  public var operationsPerSecond: Double
  /// Bytes a second that can be read from memory beyond the caches, by all threads together.
  public var bytesPerSecond: Double

  /// Measures for about 60 ms.
  ///
  /// - Throws: `QuernError` for a thread count out of range; `CompileError` or `QuernError` where the
  ///   probe cannot be built.
  public static func measure(target: Target = .best, threads: Int = 1) throws -> Self {
    try CompileOptions.validate(threads: threads)
    let probe = try Probe(target, threads: threads)
    var operations = 0.0
    var bytes = 0.0
    for _ in 0..<6 {
      operations = max(operations, Double(probe.operations) / probe.seconds(.multiplyAdd))
      bytes = max(bytes, Double(probe.bytes) / probe.seconds(.stream))
    }
    return Self(operationsPerSecond: operations, bytesPerSecond: bytes)
  }
}

/// Two loops at the limits: multiply-adds on registers, loads from more memory than caches hold.
private final class Probe {
  enum Part: String {
    case multiplyAdd = "quern_probe_fma"
    case stream = "quern_probe_stream"
  }

  private static let rounds = 7_500
  /// How often a round multiplies into each accumulator: the loop's counter lies in memory, and
  /// counting takes longer than a round of one multiply-add each would on 256-bit registers.
  private static let repetitions = 8
  private static let streamBytes = 64 << 20
  private let target: Target
  private let threads: Int
  private let accumulators: Int
  private let loaded: LoadedCode
  private let team: ThreadTeam
  private let memory: ArenaMemory

  init(_ target: Target, threads: Int) throws {
    self.target = target
    self.threads = threads
    accumulators = target.registerCount * 3 / 4
    let source = try Self.source(target, threads: threads, accumulators: accumulators)
    loaded = try TinyCCCompiler().compile(source: source)
    memory = try ArenaMemory(byteCount: Self.streamBytes + 4096)
    team = try ThreadTeam(threads: threads)
    // Pages that were never written all lie in one place.
    UnsafeMutableRawPointer(memory.start).initializeMemory(
      as: UInt8.self, repeating: 0, count: Self.streamBytes)
  }

  var operations: Int {
    2 * Self.rounds * Self.repetitions * accumulators * target.lanes * threads
  }
  var bytes: Int { Self.streamBytes / threads * threads }

  func seconds(_ part: Part) -> Double {
    guard let function = try? loaded.function(named: part.rawValue) else { return .infinity }
    let step = unsafeBitCast(function, to: quern_step.self)
    let start = monotonicSeconds()
    team.run(step, memory.start)
    return monotonicSeconds() - start
  }

  private static func source(
    _ target: Target, threads: Int, accumulators: Int
  ) throws -> String {
    var text = Prelude.text(for: target)
    for part in [Part.multiplyAdd, .stream] {
      var builder = VectorBuilder(target: target)
      var renderer = KernelRenderer(target: target)
      let sums = (0..<accumulators).map { _ in builder.newRegister() }
      for register in sums {
        try renderer.pin(register)
        builder.append(.zero(register))
      }
      let start = try renderer.render(builder.takeBlock())
      if part == .multiplyAdd {
        let factor = builder.zero()
        for _ in 0..<repetitions {
          for register in sums { builder.append(.accumulate(register, factor, .register(factor))) }
        }
      } else {
        for (number, register) in sums.enumerated() {
          let address = Address("p", offset: number * target.lanes * 4)
          builder.append(.binary(.xor, register, register, .memory(address)))
        }
      }
      let body = try renderer.render(builder.takeBlock())
      builder.append(.end)
      let end = try renderer.render(builder.takeBlock())
      let floats = streamBytes / 4 / threads
      let step = accumulators * target.lanes
      let loop =
        part == .multiplyAdd
        ? "for (long i = 0; i < \(rounds); i++) {"
        : "for (long i = 0; i + \(step) <= \(floats); i += \(step), p += \(step)) {"
      text += """

        void \(part.rawValue)(char *arena, long thread, void *team);
        \(Prelude.functionAttribute) void \(part.rawValue)(char *arena, long thread, void *team) {
          const float *p = (const float *)arena + thread * \(floats);
          (void)p, (void)team;
          \(renderer.declarations.joined(separator: "\n  "))
        \(start.joined(separator: "\n"))
          \(loop)
        \(body.joined(separator: "\n"))
          }
        \(end.joined(separator: "\n"))
        }

        """
    }
    return text
  }
}
