import QuernMachine

/// What was wrong with a block of vector instructions.
///
/// Cases, and no `QuernError`: they are mistakes of the code generator, whose users see none of them
/// but ``offsetOutOfRange(_:)``, of which the generator tells them with the kernel's name.
public enum VectorError: Error, Hashable, Sendable, CustomStringConvertible {
  case tooManyPinned(VectorRegister, target: Target, limit: Int)
  case outOfRegisters(instruction: String)
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
    case .outOfRegisters(let instruction):
      "no vector register is left for the operands of \(instruction); pin fewer registers"
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
