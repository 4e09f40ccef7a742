import Foundation
import QuernMachine
import QuernRandom
import QuernVectors
import Testing

/// What becomes of a block's virtual registers.
@Suite struct BlockRegisterTests {
  private func lines(_ target: Target, _ block: [VectorInstruction]) throws -> String {
    var renderer = KernelRenderer(target: target)
    return try renderer.render(block).joined(separator: "\n")
  }

  /// y = x1 + x2·x3 where x1 > 0, x1 elsewhere, on registers of these numbers.
  private func block(_ r: [VectorRegister]) -> [VectorInstruction] {
    [
      .load(r[0], Address("x1")), .load(r[1], Address("x2")), .load(r[2], Address("x3")),
      .multiplyAdd(r[3], a: r[1], b: .register(r[2]), c: r[0]), .zero(r[4]),
      .compareSelect(r[5], .greater, .f32, r[0], r[4], ifTrue: r[3], ifFalse: r[0]),
      .store(Address("y"), r[5]),
    ]
  }

  @Test("A block may use any numbers", arguments: Target.all)
  func numbersAreOfNoMatter(target: Target) throws {
    let expected = try lines(target, block((0..<6).map { VectorRegister(id: $0) }))
    let others: [[Int32]] = [
      [5, 4, 3, 2, 1, 0], [0, 1000, 2_000_000, .max, 7, 1_000_000_000],
      [.max, .max - 1, .max - 2, 0, 1, 2], [100, 100 + 63, 100 + 64, 100 + 200, 99, 0],
    ]
    for numbers in others {
      #expect(try lines(target, block(numbers.map { VectorRegister(id: $0) })) == expected)
    }
  }

  /// Numbers that are far from the others at first, and then among them.
  @Test(arguments: Target.all) func numbersMayComeInAnyOrder(target: Target) throws {
    func sum(_ numbers: [Int32]) throws -> String {
      let registers = numbers.map { VectorRegister(id: $0) }
      var block = registers.enumerated().map {
        VectorInstruction.load($1, Address("x", offset: 64 * $0))
      }
      for other in registers.dropFirst() {
        block.append(.binary(.add, registers[0], registers[0], .register(other)))
      }
      return try lines(target, block + [.store(Address("y"), registers[0])])
    }
    let expected = try sum([0, 1, 2, 3, 4, 5, 6])
    #expect(try sum([0, 200, 60, 120, 180, 240, 201]) == expected)
    var generator = SeededGenerator(seed: 3)
    for _ in 0..<100 {
      var numbers: Set<Int32> = []
      while numbers.count < 7 { numbers.insert(.random(in: 0..<400, using: &generator)) }
      let shuffled = numbers.sorted().shuffled(using: &generator)
      #expect(try sum(shuffled) == expected, "\(shuffled)")
    }
  }

  @Test(
    "Pinned registers keep their place whatever the block's numbers", arguments: Target.all)
  func pinnedOnesKeepTheirPlace(target: Target) throws {
    let sum = VectorRegister(id: 1_000_000)
    var renderer = KernelRenderer(target: target)
    try renderer.pin(sum)
    let first = try renderer.render([.zero(sum)])
    let second = try renderer.render([
      .load(VectorRegister(id: 3), Address("x")), .load(VectorRegister(id: .max), Address("z")),
      .accumulate(sum, VectorRegister(id: 3), .register(VectorRegister(id: .max))),
    ])
    let third = try renderer.render([.store(Address("y"), sum)])
    for text in [first, second, third] { #expect(text.joined().contains("v0"), "\(text)") }
    #expect(third.joined().contains("v1") == false)
  }

  @Test func whatIsReadMustBeWritten() {
    let (a, b) = (VectorRegister(id: 1), VectorRegister(id: 2))
    for target in Target.all {
      // Also where the instruction itself writes it.
      #expect(throws: VectorError.self) {
        try lines(
          target, [.zero(a), .accumulate(b, a, .register(a)), .store(Address("y"), b)])
      }
      #expect(throws: VectorError.self) { try lines(target, [.store(Address("y"), b)]) }
    }
  }

  @Test("A comparison is made for those alone who read its outcome")
  func unreadComparisons() throws {
    func block(readsFirst: Bool, readsSecond: Bool) -> [VectorInstruction] {
      var builder = VectorBuilder(target: .avx512)
      let (x, z) = (builder.load(Address("x")), builder.zero())
      let first = builder.select(x, .less, z, ifTrue: z, ifFalse: x)
      let second = builder.select(x, .less, z, ifTrue: x, ifFalse: z)
      if readsFirst { builder.store(first, to: Address("y")) }
      if readsSecond { builder.store(second, to: Address("y", offset: 64)) }
      builder.store(x, to: Address("y", offset: 128))
      return builder.takeBlock()
    }
    for target in [Target.avx512, .avx2] {
      for (readsFirst, readsSecond) in [(false, false), (true, false), (false, true), (true, true)]
      {
        let text = try lines(target, block(readsFirst: readsFirst, readsSecond: readsSecond))
        let comparisons = text.components(separatedBy: "_cmp_ps").count - 1
        #expect(comparisons == (readsFirst || readsSecond ? 1 : 0), "\(text)")
      }
    }
  }
}
