import QuernMachine

/// Numbers for the registers of one block, so that tables are lists: those of pinned registers are the
/// target's registers that they are in, and temporaries follow.
struct BlockNumbers: ~Copyable {
  private let pinned: PinnedRegisters
  /// Of the temporaries from `first` on, whose number is known; -1 for others. Builders number
  /// registers in sequence: a list beats hashing. A block may use any numbers.
  private var table = OwnedArray<Int32>(capacity: 64)
  private var first: Int?
  private var sparse: [VectorRegister: Int32] = [:]
  /// How many there are.
  private(set) var count: Int32

  init(_ pinned: PinnedRegisters, target: Target) {
    self.pinned = pinned
    count = Int32(target.registerCount)
  }

  mutating func number(_ register: VectorRegister) -> Int32 {
    if register.id < 0 { return -1 - register.id }
    let index = Int(register.id) - (first ?? Int(register.id))
    let isListed = index >= 0 && index < table.count
    if isListed, table[index] >= 0 { return table[index] }
    // The list may have grown to where one is that was once far from it.
    if !sparse.isEmpty, let known = sparse[register] { return known }
    if let place = pinned.place(of: register) { return Int32(place) }
    if isListed {
      table[index] = count
    } else if index >= 0, index < table.count + 64 {
      first = first ?? Int(register.id)
      while table.count < index { table.append(-1) }
      table.append(count)
    } else {
      sparse[register] = count
    }
    count += 1
    return count - 1
  }

  /// A register that no instruction of the block can name.
  mutating func temporary() -> VectorRegister {
    defer { count += 1 }
    return VectorRegister(id: -1 - count)
  }
}
