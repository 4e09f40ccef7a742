import QuernCodegen
import QuernCompiler
import QuernGradient
import QuernGraph
import QuernKernels
import QuernMachine
import QuernPasses
import QuernRuntime
import QuernTestSupport
import QuernVectors
import Synchronization
import Testing

/// Threads take turns: each at its own share first, then at what is left of the others'.
@Suite struct TurnTests {
  // MARK: The team

  private static let threads = 3
  private static let workShares = 50
  /// Turns taken in the step of ``lastIsHeldUp``.
  private static let taken = Atomic(0)

  /// Who took each turn of list 1, one byte each from 1, and how many have been taken, at the start.
  private static let takesAll: quern_step = { arena, thread, team in
    guard let arena else { return }
    while case let turn = quern_next_share(team, thread, 1, TurnTests.workShares),
      turn < TurnTests.workShares
    {
      arena[64 + turn] += CChar(thread + 1)
    }
  }

  /// The last thread does not come back from its first turn before all other turns are taken, by others.
  private static let lastIsHeldUp: quern_step = { arena, thread, team in
    guard let arena else { return }
    let isLast = thread == TurnTests.threads - 1
    while case let turn = quern_next_share(team, thread, 0, TurnTests.workShares),
      turn < TurnTests.workShares
    {
      arena[64 + turn] = CChar(thread + 1)
      TurnTests.taken.add(1, ordering: .relaxed)
      var patience = 1_000_000_000
      while isLast, patience > 0, TurnTests.taken.load(ordering: .relaxed) < TurnTests.workShares {
        patience -= 1
      }
    }
  }

  private func run(_ step: quern_step, _ body: ([Int]) -> Void) throws {
    let team = try #require(quern_team_create(Int32(Self.threads), 2))
    defer { quern_team_destroy(team) }
    // Lists start anew with every step.
    for _ in 0..<3 {
      var arena = [CChar](repeating: 0, count: 64 + Self.workShares)
      arena.withUnsafeMutableBufferPointer { quern_team_run(team, step, $0.baseAddress) }
      body(arena[64...].map(Int.init))
    }
  }

  @Test("Every turn is taken once, in every step")
  func onceEach() throws {
    try run(Self.takesAll) { takers in
      #expect(takers.allSatisfy { 1...Self.threads ~= $0 }, "\(takers)")
    }
  }

  @Test("Others take the turns of one that is held up")
  func help() throws {
    try run(Self.lastIsHeldUp) { takers in
      #expect(takers.count { $0 == Self.threads } <= 1, "\(takers)")
      #expect(!takers.contains(0))
      Self.taken.store(0, ordering: .relaxed)
    }
  }

  // MARK: Kernels

  private func source(
    _ rows: Int, _ inner: Int, _ columns: Int, threads: Int, target: Target = .avx2
  ) throws -> String {
    let b = GraphBuilder()
    let x = try b.input("x", [rows, inner])
    try b.output("y", try x.matrixProduct(try b.input("w", [inner, columns])))
    return try generate(lower(b.graph), CompilerOptions(target: target, threads: threads)).source
  }

  @Test("What is taken in turns is called in a loop, all else once")
  func calls() throws {
    let long = try source(128, 800, 1_000, threads: 2)
    let loop =
      "for (long share = quern_next_share(team, thread, 0, 32); share < 32; "
      + "share = quern_next_share(team, thread, 0, 32)) {\n    contraction(arena, thread, share, 0);"
    #expect(long.contains(loop))
    let direct = "\n  contraction(arena, thread, thread, 0);"
    #expect(try source(128, 800, 1_000, threads: 1).contains(direct))
    #expect(try source(16, 100, 64, threads: 2).contains(direct))
  }

  @Test("Turns change no bit")
  func bits() throws {
    let b = GraphBuilder()
    let x = try b.input("x", [6, 12, 11, 5])
    let w = try b.input("w", [3, 3, 5, 18], role: .parameter)
    let dense = try b.input("dense", [6 * 6 * 18, 40], role: .parameter)
    let geometry = WindowGeometry(
      kernel: [3, 3], strides: [2, 2], paddingBefore: [1, 1], paddingAfter: [1, 1])
    let pictures = try x.convolution(w, geometry)
    let scores = try pictures.maximum(pictures.scalar(0)).reshaped([6, 6 * 6 * 18])
      .matrixProduct(dense)
    let gradients = try gradient(of: (scores * scores).sum(), withRespectTo: [w, dense])
    try b.update(w, to: w - gradients[0] * 0.001)
    try b.update(dense, to: dense - gradients[1] * 0.001)
    try b.output("scores", scores)
    let options = CompileOptions(target: .portable, threads: 3)
    var inTurns = options
    inTurns.tuning.workShares = .always
    let lists = try [options, inTurns].map { try CompiledGraph.plan(b.graph, $0).code.shareLists }
    #expect(lists[0] == 0 && lists[1] > 2, "\(lists)")
    try expectAgreement(b.graph, tolerance: 1e-4, threads: [1, 2, 3, 5], steps: 2) {
      $0.tuning.workShares = .always
    }
  }
}
