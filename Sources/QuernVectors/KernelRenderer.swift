/// Renders the vector blocks of one C function: gives every virtual register one of the target's
/// registers and writes each block as C text.
///
/// *Pinned* registers keep their value, and their place, from block to block until released:
/// accumulators, hoisted constants. All others are temporaries: they live inside one block.
/// Temporaries that find no free register are kept in a `spill` array on the stack.
///
///     var renderer = KernelRenderer(target: .avx512)
///     try renderer.pin(accumulator)
///     let prologue = try renderer.render([.zero(accumulator)])
///     let body = try renderer.render([.load(b, Address("b")), .accumulate(accumulator, b, …)])
///     let epilogue = try renderer.render([.store(Address("c"), accumulator), .end])
///     // the C function: renderer.declarations, prologue, loop { body }, epilogue
public struct KernelRenderer: Sendable {
  public let target: Target

  public init(target: Target) {
    self.target = target
  }

  /// Registers that could still be pinned: `reservedForTemporaries` are always left over.
  public var freeRegisterCount: Int { 0 }

  /// Registers never pinned, so that every instruction finds its operands a place.
  public static let reservedForTemporaries = 3

  /// Keeps `register` in one of the target's registers for all blocks until `release(_:)`.
  ///
  /// - Throws: `VectorError.tooManyPinned`.
  public mutating func pin(_ register: VectorRegister) throws {}

  /// Ends a pinned register's life: no block rendered later may read it.
  public mutating func release(_ register: VectorRegister) {}

  /// One block as C lines without indentation.
  ///
  /// - Throws: `VectorError` where a block reads a temporary that it has not written, or an operand
  ///   is out of range.
  public mutating func render(_ block: [VectorInstruction]) throws -> [String] { [] }

  /// The C declarations that all blocks rendered so far need; to stand at the function's start.
  public var declarations: [String] { [] }

  /// What to write before the function's return type, e.g. gcc's and clang's target attribute.
  public var functionAttribute: String { Prelude.functionAttribute }
}

/// The C text that must stand once before generated functions.
public enum Prelude {
  /// The text for a target: types, constants, wrappers. Contains everything the blocks use.
  public static func text(for target: Target) -> String { "" }

  /// A macro of the prelude, empty where a compiler needs no attribute:
  /// to be written before every generated function that contains blocks.
  public static let functionAttribute = "QUERN_KERNEL"
}

/// What was wrong with a block of vector instructions.
public enum VectorError: Error, Hashable, Sendable, CustomStringConvertible {
  case tooManyPinned(VectorRegister, target: Target, limit: Int)
  case readBeforeWrite(VectorRegister, instruction: String)
  case countOutOfRange(Int, lanes: Int, instruction: String)
  case offsetNotAligned(Address)
  case offsetOutOfRange(Address)
  case shiftOutOfRange(Int)

  public var description: String {
    switch self {
    case .tooManyPinned(let register, let target, let limit):
      "vector register \(register) cannot be pinned: all \(limit) registers that \(target) keeps "
        + "for pinned values are taken; release one, or use a smaller register tile"
    case .readBeforeWrite(let register, let instruction):
      "vector register \(register) is read before it is written, in \(instruction); "
        + "pin it if its value comes from an earlier block"
    case .countOutOfRange(let count, let lanes, let instruction):
      "\(instruction) is to use \(count) lanes; a register has \(lanes): give 1...\(lanes)"
    case .offsetNotAligned(let address):
      "offset \(address.offset) from \(address.base) is not a multiple of 4 bytes"
    case .offsetOutOfRange(let address):
      "offset \(address.offset) from \(address.base) does not fit in 32 bits; add to the base"
    case .shiftOutOfRange(let count):
      "a shift by \(count) bits; 32-bit lanes can be shifted by 0...31"
    }
  }
}
