import QuernMachine

/// The virtual registers that keep one of the target's registers from block to block.
struct PinnedRegisters {
  /// By the target's registers; what stands where one is free is of no matter. So few are looked
  /// through faster than hashed.
  private var owners: [Int32]
  /// The target's registers that are not taken, a bit each.
  private(set) var free: UInt32
  /// No register of a higher number has ever been pinned.
  private var highest: Int32 = -1

  init(target: Target) {
    owners = Array(repeating: 0, count: target.registerCount)
    free = target.registerCount == 32 ? .max : (1 << UInt32(target.registerCount)) - 1
  }

  var count: Int { owners.count - free.nonzeroBitCount }

  func place(of register: VectorRegister) -> Int? {
    // Most come later than all that are pinned.
    if register.id > highest { return nil }
    return owners.indices.first {
      owners[$0] == register.id && free >> UInt32($0) & 1 == 0
    }
  }

  /// Gives a register the first free place; there must be one.
  mutating func pin(_ register: VectorRegister) {
    let place = free.trailingZeroBitCount
    owners[place] = register.id
    highest = max(highest, register.id)
    free &= ~(1 << UInt32(place))
  }

  mutating func release(_ register: VectorRegister) {
    if let place = place(of: register) { free |= 1 << UInt32(place) }
  }
}
