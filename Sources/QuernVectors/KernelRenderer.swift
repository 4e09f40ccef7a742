/// Renders the vector blocks of one C function: gives every virtual register one of the target's
/// registers and writes each block as C text.
///
/// *Pinned* registers keep their value, and their place, from block to block until released:
/// accumulators, factors of a loop. All others are temporaries: they live inside one block.
/// Temporaries that find no free register are kept in a `spill` array on the stack.
///
///     var renderer = KernelRenderer(target: .avx512)
///     try renderer.pin(accumulator)
///     let prologue = try renderer.render([.zero(accumulator)])
///     let body = try renderer.render([.load(b, Address("b")), .accumulate(accumulator, b, …)])
///     let epilogue = try renderer.render([.store(Address("c"), accumulator), .end])
///     // the C function: renderer.declarations, prologue, loop { body }, epilogue
///
/// While values are pinned, the C between the blocks must not compute with floats or call anything
/// that does: TinyCC knows nothing of the pinned registers, and uses the first ones for that.
///
/// The text of a block on the AVX targets is intrinsics for readers and for gcc and clang, and the
/// same instructions' bytes for TinyCC, which has no intrinsics; for a ``Reader/tinycc`` the bytes
/// alone. Instructions whose result no one reads are left out.
public struct KernelRenderer: Sendable {
  /// Who the text is for.
  public enum Reader: Sendable {
    /// People, and any compiler.
    case everyone
    /// TinyCC: what it would only skip is not written.
    case tinycc
  }

  public let target: Target
  public let reader: Reader
  private var pinned: [VectorRegister: Int] = [:]
  private var pinnedBits: UInt32 = 0
  private var slotCount = 0
  /// C variables mentioned, a bit each, and those of them that are read.
  private var usedBits: UInt32 = 0
  private var readBits: UInt32 = 0
  private var usesMaskVariable = false

  public init(target: Target, reader: Reader = .everyone) {
    self.target = target
    self.reader = target == .portable ? .everyone : reader
  }

  /// Registers never pinned, so that every instruction finds its operands a place.
  public static let reservedForTemporaries = 3

  /// Registers that can still be pinned; `reservedForTemporaries` are left over.
  public var freeRegisterCount: Int {
    target.registerCount - pinned.count - Self.reservedForTemporaries
  }

  /// Keeps `register` in one of the target's registers for all blocks until `release(_:)`.
  ///
  /// - Throws: `VectorError.tooManyPinned`.
  public mutating func pin(_ register: VectorRegister) throws {
    if pinned[register] != nil { return }
    guard freeRegisterCount > 0 else {
      throw VectorError.tooManyPinned(
        register, target: target, limit: target.registerCount - Self.reservedForTemporaries)
    }
    let number = (~pinnedBits).trailingZeroBitCount
    pinned[register] = number
    pinnedBits |= 1 << UInt32(number)
  }

  /// Ends a pinned register's life: no block rendered later may read it.
  public mutating func release(_ register: VectorRegister) {
    if let number = pinned.removeValue(forKey: register) {
      pinnedBits &= ~(1 << UInt32(number))
    }
  }

  /// One block as C lines without indentation.
  ///
  /// - Throws: `VectorError` where a block reads a temporary that it has not written, or an operand
  ///   is out of range.
  public mutating func render(_ block: [VectorInstruction]) throws -> [String] {
    let allocated = try allocate(block)
    guard !allocated.isEmpty else { return [] }
    return lines(
      forCompilers: { $0.statements(allocated) },
      forTinyCC: { $0.assembly(allocated) })
  }

  /// One block in a loop as C lines. The pointers are afterwards where the loop has left them.
  ///
  /// - Throws: as ``render(_:)``.
  public mutating func render(
    _ block: [VectorInstruction], in loop: BlockLoop
  ) throws -> [String] {
    let allocated = try allocate(block)
    return lines(
      forCompilers: { loop.lines(around: $0.statements(allocated)) },
      forTinyCC: {
        AssemblyWriter.loop(allocated, loop, target: $0.target)
          ?? loop.lines(around: $0.assembly(allocated))
      })
  }

  private mutating func allocate(_ block: [VectorInstruction]) throws -> [AllocatedInstruction] {
    let numbered = try NumberedBlock(block, pinned: pinned)
    let (machine, registerCount) = try Lowering.lower(
      numbered.withoutDeadInstructions(), registerCount: numbered.places.count, target: target)
    let places =
      numbered.places + Array(repeating: -1, count: registerCount - numbered.places.count)
    let all = target.registerCount == 32 ? UInt32.max : (1 << UInt32(target.registerCount)) - 1
    var allocator = RegisterAllocator(
      target: target, pinned: places, available: all & ~pinnedBits)
    try allocator.allocate(machine)
    slotCount = max(slotCount, allocator.slotCount)
    return allocator.output
  }

  /// Both forms of a text, each for whom it is.
  private mutating func lines(
    forCompilers: (inout Self) -> [String], forTinyCC: (inout Self) -> [String]
  ) -> [String] {
    if reader == .tinycc { return forTinyCC(&self) }
    if target == .portable { return forCompilers(&self) }
    var lines = ["#ifndef __TINYC__"]
    lines += forCompilers(&self).map { "  " + $0 }
    lines.append("#else")
    lines += forTinyCC(&self).map { "  " + $0 }
    lines.append("#endif")
    return lines
  }

  private mutating func statements(_ block: [AllocatedInstruction]) -> [String] {
    var text = StatementText(target: target)
    return block.map { allocated in
      note(allocated)
      return text.render(allocated)
    }
  }

  private func assembly(_ block: [AllocatedInstruction]) -> [String] {
    var assembly = AssemblyWriter(target: target)
    for allocated in block { assembly.append(allocated) }
    return assembly.finish()
  }

  /// The C declarations that all blocks rendered so far need; to stand at the function's start.
  public var declarations: [String] {
    var lines: [String] = []
    let used = (0..<32).filter { usedBits >> UInt32($0) & 1 == 1 }
    let unread = used.filter { readBits >> UInt32($0) & 1 == 0 }
    if !used.isEmpty, reader == .everyone {
      let names = used.map { "v\($0)" }.joined(separator: ", ")
      let type =
        switch target {
        case .avx512: "__m512"
        case .avx2: "__m256"
        case .portable: "quern_vector"
        }
      if target != .portable { lines.append("#ifndef __TINYC__") }
      lines.append("\(type) \(names);")
      if usesMaskVariable { lines.append("__mmask16 m;") }
      for number in unread { lines.append("(void)v\(number);") }
      if target != .portable { lines.append("#endif") }
    }
    if slotCount > 0 {
      lines.insert(contentsOf: Self.vectors("spill", floats: slotCount * target.lanes), at: 0)
    }
    return lines
  }

  /// The declaration of an array of vectors on the stack, on cache lines of its own.
  public static func vectors(_ name: String, floats count: Int) -> [String] {
    [
      "float \(name)_memory[\(count + 16)];",
      "float *const \(name) = quern_aligned(\(name)_memory);",
    ]
  }

  private mutating func note(_ allocated: AllocatedInstruction) {
    for (index, register) in allocated.registers.enumerated() {
      usedBits |= 1 << UInt32(register)
      if index > 0 || !allocated.instruction.writes { readBits |= 1 << UInt32(register) }
    }
    if allocated.instruction.usesMaskVariable { usesMaskVariable = true }
  }
}
