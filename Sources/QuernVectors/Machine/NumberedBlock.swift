/// A block whose registers are numbered from 0, so that tables are arrays, and of which it is known
/// what is needed.
struct NumberedBlock {
  private let instructions: [VectorInstruction]
  private let numbers: Numbers
  /// By instruction: whether its result is used.
  private var isNeeded: [Bool]

  var count: Int { instructions.count }

  /// By number: where a pinned register is, -1 for temporaries.
  var places: [Int] { numbers.places }

  /// - Throws: `VectorError.readBeforeWrite`.
  init(_ block: [VectorInstruction], pinned: PinnedRegisters) throws {
    instructions = block
    var numbers = Numbers(block, pinned)
    // What instructions read, one after the other, and what they write, -1 for nothing.
    var sources: [Int32] = []
    var ends: [Int] = []
    var destinations: [Int32] = []
    sources.reserveCapacity(3 * block.count)
    ends.reserveCapacity(block.count)
    destinations.reserveCapacity(block.count)
    for instruction in block {
      try instruction.forEachSource { register in
        let number = numbers.number(register)
        if !numbers.isWritten[number] {
          throw VectorError.readBeforeWrite(register, instruction: String(describing: instruction))
        }
        sources.append(Int32(number))
      }
      ends.append(sources.count)
      let destination = instruction.destination.map { numbers.number($0) } ?? -1
      if destination >= 0 { numbers.isWritten[destination] = true }
      destinations.append(Int32(destination))
    }
    var isRead = numbers.places.map { $0 >= 0 }
    isNeeded = Array(repeating: true, count: block.count)
    var end = sources.count
    for position in block.indices.reversed() {
      let start = position == 0 ? 0 : ends[position - 1]
      defer { end = start }
      let destination = Int(destinations[position])
      if destination >= 0, numbers.places[destination] < 0 {
        if !isRead[destination] {
          isNeeded[position] = false
          continue
        }
        isRead[destination] = false
      }
      for source in start..<end { isRead[Int(sources[source])] = true }
    }
    self.numbers = numbers
  }

  /// Calls `body` with each instruction whose result is used, on numbered registers.
  func forEachNeeded(_ body: (VectorInstruction) throws -> Void) rethrows {
    for position in instructions.indices where isNeeded[position] {
      try body(instructions[position].renaming { VectorRegister(id: numbers.known($0)) })
    }
  }

  /// The numbers that a block's registers have got.
  private struct Numbers {
    // Builders number registers in sequence: a table beats hashing. A block may use any numbers.
    private var table: [Int32] = []
    private var lowest = Int.max
    private var sparse: [VectorRegister: Int] = [:]
    private let pinned: PinnedRegisters
    private(set) var places: [Int] = []
    var isWritten: [Bool] = []

    init(_ block: [VectorInstruction], _ pinned: PinnedRegisters) {
      self.pinned = pinned
      var (lowest, highest) = (Int.max, Int.min)
      func span(_ register: VectorRegister) {
        lowest = min(lowest, register.id)
        highest = max(highest, register.id)
      }
      for instruction in block {
        instruction.forEachSource(span)
        if let destination = instruction.destination { span(destination) }
      }
      let width = highest.subtractingReportingOverflow(lowest)
      guard lowest <= highest, !width.overflow, width.partialValue < 1 << 20 else { return }
      self.lowest = lowest
      table = Array(repeating: -1, count: width.partialValue + 1)
      let most = min(table.count, 2 * block.count)
      places.reserveCapacity(most)
      isWritten.reserveCapacity(most)
    }

    /// The number of a register that has one.
    func known(_ register: VectorRegister) -> Int {
      table.isEmpty ? sparse[register] ?? 0 : Int(table[register.id - lowest])
    }

    mutating func number(_ register: VectorRegister) -> Int {
      if table.isEmpty {
        if let known = sparse[register] { return known }
        sparse[register] = places.count
      } else {
        let known = table[register.id - lowest]
        if known >= 0 { return Int(known) }
        table[register.id - lowest] = Int32(places.count)
      }
      let place = pinned.place(of: register)
      places.append(place ?? -1)
      isWritten.append(place != nil)
      return places.count - 1
    }
  }
}
