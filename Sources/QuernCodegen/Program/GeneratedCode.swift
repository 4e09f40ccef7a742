import QuernMachine
import QuernPasses
import QuernVectors

/// How code is generated.
public struct CodegenOptions: Sendable {
  public var target: Target
  /// Threads that will run the program; their number is part of the code.
  public var threads: Int
  public var machine: MachineFacts
  public var tuning = Tuning()
  public var numerics = Numerics()
  /// Who the text is for.
  public var reader: KernelRenderer.Reader

  public init(
    target: Target = .best, threads: Int = 1, reader: KernelRenderer.Reader = .everyone
  ) {
    self.target = target
    self.reader = reader
    self.threads = max(1, threads)
    machine = MachineFacts(target)
  }
}

/// C for a program.
public struct GeneratedCode: Sendable {
  /// The whole file: prelude, kernels, and `quern_run(char *arena, long thread, void *team)`. Written
  /// for TinyCC, it calls ``machineCode``.
  public var source: String { text.text }
  /// What the text calls that is not C: nothing but where it is for TinyCC alone.
  public var machineCode: [MachineCode] { text.machineCode }
  private let text: CText
  /// The arena with the threads' private memory behind it.
  public var arenaBytes: Int
  /// Whether something is made of fixed parameters before the first step.
  public var hasPreparation: Bool
  /// By kernel, in how many shares its tiles are taken.
  public var shares: [Int]
  /// Lists of shares that threads take in a step.
  public var shareLists: Int
  /// The function that runs one step, and the one that must have run before, and again after a
  /// parameter was written that no step replaces.
  public static let entry = "quern_run"
  public static let preparation = "quern_prepare"
  init(_ text: CText, arenaBytes: Int, hasPreparation: Bool, shares: [Int], shareLists: Int) {
    self.text = text
    self.arenaBytes = arenaBytes
    self.hasPreparation = hasPreparation
    self.shares = shares
    self.shareLists = shareLists
  }

  /// What each kernel's function takes: a thread, with memory of its own, computes a share of the tiles;
  /// the examples it works on are those of the chunk, in a region.
  static let kernelParameters = "char *arena, long thread, long share, long chunk"
  static let stepParameters = "char *arena, long thread, void *team"
  /// What the generated code expects to find: `void quern_barrier_wait(void *team)`. All threads meet there.
  public static let barrier = "quern_barrier_wait"
  /// This too: `long quern_next_share(void *team, long thread, long list, long count)`. It gives a thread the
  /// next of so many shares, or their number when all are taken.
  public static let nextShare = "quern_next_share"
}
