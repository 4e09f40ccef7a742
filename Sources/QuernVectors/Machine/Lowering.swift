/// Turns a block's vector instructions into the target's machine instructions, still on virtual
/// registers.
struct Lowering {
  let target: Target
  private(set) var instructions: [MachineInstruction] = []
  private var nextTemporary: Int
  /// The value that a temporary holds in all lanes, until memory changes.
  var lastBroadcast: (address: Address, register: VectorRegister)?
  /// The comparison whose outcome is at hand, until what was compared changes.
  var lastComparison: LoweredComparison?

  private init(target: Target, nextTemporary: Int) {
    self.target = target
    self.nextTemporary = nextTemporary
  }

  /// - Parameter registerCount: the block's registers are 0 ..< registerCount; temporaries follow.
  static func lower(
    _ block: [VectorInstruction], registerCount: Int, target: Target
  ) throws -> (instructions: [MachineInstruction], registerCount: Int) {
    var lowering = Lowering(target: target, nextTemporary: registerCount)
    lowering.instructions.reserveCapacity(block.count + 8)
    for instruction in block {
      try lowering.check(instruction)
      if target == .portable {
        lowering.lowerPortable(instruction)
      } else {
        lowering.lowerAVX(instruction)
      }
      if let last = lowering.lastComparison, let written = instruction.destination,
        written == last.a || written == last.b
      {
        lowering.lastComparison = nil
      }
    }
    return (lowering.instructions, lowering.nextTemporary)
  }

  mutating func emit(_ instruction: MachineInstruction) { instructions.append(instruction) }

  /// A register that no instruction of the caller's can name.
  mutating func temporary() -> VectorRegister {
    defer { nextTemporary += 1 }
    return VectorRegister(id: nextTemporary)
  }

  /// The source with the lanes past `count` replaced by what leaves the reduction as it is.
  mutating func reductionInput(
    _ operation: ReduceOperation, _ source: VectorRegister, count: Int?,
    lower: (inout Lowering, VectorInstruction) -> Void
  ) -> VectorRegister {
    guard let count, count < target.lanes else { return source }
    let identity = temporary()
    let input = temporary()
    let value: Float =
      switch operation {
      case .sum: 0
      case .maximum: -.infinity
      case .minimum: .infinity
      }
    lower(&self, .constant(identity, value))
    lower(&self, .blend(input, count: count, first: source, rest: identity))
    return input
  }

  private func check(_ instruction: VectorInstruction) throws {
    if let count = instruction.count, !(1...target.lanes).contains(count) {
      throw VectorError.countOutOfRange(
        count, lanes: target.lanes, instruction: String(describing: instruction))
    }
    if case .shift(_, _, _, let count) = instruction, !(0...31).contains(count) {
      throw VectorError.shiftOutOfRange(count)
    }
    if let address = instruction.address {
      // Room for the bytes of a partial load that are addressed one by one.
      guard Int32(exactly: address.offset + 64) != nil, Int32(exactly: address.offset) != nil
      else { throw VectorError.offsetOutOfRange(address) }
      if !instruction.addressesBytes, address.offset % 4 != 0 {
        throw VectorError.offsetNotAligned(address)
      }
    }
  }
}

/// A comparison of two registers that has been made.
struct LoweredComparison {
  var comparison: Comparison
  var type: LaneType
  var a: VectorRegister
  var b: VectorRegister
  /// Where the lanes are all ones or zeros; nil where the outcome is in the mask for comparisons.
  var outcome: VectorRegister?

  func isSame(
    _ comparison: Comparison, _ type: LaneType, _ a: VectorRegister, _ b: VectorRegister
  ) -> Bool {
    self.comparison == comparison && self.type == type && self.a == a && self.b == b
  }
}
