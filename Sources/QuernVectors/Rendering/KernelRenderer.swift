import QuernMachine

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
/// Where a family of processors has an assembler, the text of a block is intrinsics for readers and
/// for gcc and clang, and the same instructions' bytes for TinyCC, which has no intrinsics. For
/// ``Reader/tinycc`` the text only calls the blocks, which are ``machineCode`` beside it. Elsewhere the
/// text is plain C for all compilers. Instructions whose result no one reads are left out.
public struct KernelRenderer: Sendable {
  /// Who the text is for.
  public enum Reader: Sendable {
    /// People, and any compiler.
    case everyone
    /// TinyCC: what it would only skip is not written, and it reads no machine code but is linked
    /// with it, since reading takes longer than all else that it does.
    case tinycc
  }

  public let target: Target
  /// ``Reader/everyone`` where the text is plain C, whatever was asked for.
  public let reader: Reader
  private let family: any ProcessorFamily.Type
  private var pinned: PinnedRegisters
  private var slotCount = 0
  /// C variables mentioned, a bit each, and those of them that are read.
  private var usedBits: UInt32 = 0
  private var readBits: UInt32 = 0
  private var comparesIntoMask = false
  /// Of the C function; what it calls in ``machineCode`` is named after it.
  public var name = "block"
  /// What the text of the blocks so far calls: nothing but for a ``Reader/tinycc``.
  public private(set) var machineCode: [MachineCode] = []

  public init(target: Target, reader: Reader = .everyone) {
    self.target = target
    family = target.family.implementation
    self.reader = family.assembler == nil ? .everyone : reader
    pinned = PinnedRegisters(target: target)
  }

  /// Registers never pinned, so that every instruction finds its operands a place.
  public static func reservedForTemporaries(_ target: Target) -> Int {
    target.family.implementation.sourceLimit
  }

  /// Registers that can still be pinned; some are left over for temporaries.
  public var freeRegisterCount: Int {
    target.registerCount - pinned.count - family.sourceLimit
  }

  /// Keeps `register` in one of the target's registers for all blocks until `release(_:)`.
  ///
  /// - Throws: `VectorError.tooManyPinned`.
  public mutating func pin(_ register: VectorRegister) throws {
    if pinned.place(of: register) != nil { return }
    guard freeRegisterCount > 0 else {
      throw VectorError.tooManyPinned(
        register, target: target, limit: target.registerCount - family.sourceLimit)
    }
    pinned.pin(register)
  }

  /// Ends a pinned register's life: no block rendered later may read it.
  public mutating func release(_ register: VectorRegister) { pinned.release(register) }

  /// One block as C lines without indentation.
  ///
  /// - Throws: `VectorError` where a block reads a temporary that it has not written, or an operand
  ///   is out of range.
  public mutating func render(_ block: [VectorInstruction]) throws -> [String] {
    lines([try fragment(block)].compactMap(\.self))
  }

  /// One block; nil where it does nothing.
  ///
  /// - Throws: as ``render(_:)``.
  public mutating func fragment(_ block: [VectorInstruction]) throws -> CodeFragment? {
    let allocated = try allocate(block)
    return allocated.isEmpty ? nil : .block(allocated)
  }

  /// One block in a loop.
  ///
  /// - Throws: as ``render(_:)``.
  public mutating func fragment(
    _ block: [VectorInstruction], in loop: BlockLoop
  ) throws -> CodeFragment {
    .loop(try allocate(block), loop)
  }

  private mutating func allocate(_ block: [VectorInstruction]) throws -> AllocatedBlock {
    let lowered = try Lowering.lower(block, target: target, pinned: pinned)
    var allocator = RegisterAllocator(lowered, target: target, available: pinned.free)
    let allocated = try allocator.allocate()
    slotCount = max(slotCount, allocator.slotCount)
    return allocated
  }

  /// Fragments that follow each other, as C lines without indentation.
  ///
  /// - Parameters:
  ///   - fragments: the fragments.
  ///   - isNeeded: whether what comes later mentions a pointer that is declared here.
  public mutating func lines(
    _ fragments: [CodeFragment], isNeeded: (Name) -> Bool = { _ in true }
  ) -> [String] {
    guard reader == .tinycc, let assembler = family.assembler else {
      return fragments.flatMap { lines($0) }
    }
    return assembler.assemble(fragments, target: target, isNeeded: isNeeded).map { part in
      switch part {
      case .text(let line): return line
      case .statement(let statement):
        let own = "\(name)_\(machineCode.count + 1)"
        machineCode.append(MachineCode(name: own, bytes: statement.bytes + assembler.returning))
        return statement.call(own)
      }
    }
  }

  /// A fragment as statements for compilers, and for TinyCC where they have none.
  private mutating func lines(_ fragment: CodeFragment) -> [String] {
    let ownLines: [String]
    switch fragment {
    case .block(let block): ownLines = statements(block)
    case .loop(let block, let loop): ownLines = loop.lines(around: statements(block))
    case .pointer(let type, let name, let from): return ["\(type)\(name) = \(from);"]
    case .advance(let advance): return [advance.text]
    }
    guard let assembler = family.assembler else { return ownLines }
    let parts = assembler.assemble([fragment], target: target) { _ in true }
    return ["#ifndef __TINYC__"] + ownLines.map { "  " + $0 } + ["#else"]
      + AssemblyPart.lines(parts).map { "  " + $0 } + ["#endif"]
  }

  private mutating func statements(_ block: AllocatedBlock) -> [String] {
    var text = StatementText(target: target, names: block.names)
    var lines: [String] = []
    block.forEachInstruction { instruction, registers in
      note(instruction, registers)
      lines.append(text.render(instruction, registers))
    }
    return lines
  }

  /// The C declarations that all blocks rendered so far need; to stand at the function's start.
  public var declarations: [String] {
    var lines: [String] = []
    let used = (0..<32).filter { usedBits >> UInt32($0) & 1 == 1 }
    let unread = used.filter { readBits >> UInt32($0) & 1 == 0 }
    if !used.isEmpty, reader == .everyone {
      let isPlain = family.assembler == nil
      if !isPlain { lines.append("#ifndef __TINYC__") }
      lines += family.declarations(
        of: used.map { "v\($0)" }, comparesIntoMask: comparesIntoMask, target: target)
      for number in unread { lines.append("(void)v\(number);") }
      if !isPlain { lines.append("#endif") }
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

  private mutating func note(_ instruction: MachineInstruction, _ registers: AllocatedRegisters) {
    for (index, register) in registers.enumerated() {
      usedBits |= 1 << UInt32(register)
      if index > 0 || !instruction.writes { readBits |= 1 << UInt32(register) }
    }
    if instruction.makesComparison { comparesIntoMask = true }
  }
}
