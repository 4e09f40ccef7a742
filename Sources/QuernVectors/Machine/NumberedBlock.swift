/// A block whose registers are numbered from 0, so that tables are arrays.
struct NumberedBlock {
  private var instructions: [VectorInstruction] = []
  /// By number: where a pinned register is, -1 for temporaries.
  private(set) var places: [Int] = []

  /// - Throws: `VectorError.readBeforeWrite`.
  init(_ block: [VectorInstruction], pinned: [VectorRegister: Int]) throws {
    var numbers = Numbers(block, pinned)
    instructions.reserveCapacity(block.count)
    for instruction in block {
      try instruction.forEachSource { register in
        if !numbers.isWritten[numbers.number(register)] {
          throw VectorError.readBeforeWrite(register, instruction: String(describing: instruction))
        }
      }
      if let destination = instruction.destination {
        numbers.isWritten[numbers.number(destination)] = true
      }
      instructions.append(instruction.renaming { VectorRegister(id: numbers.known($0)) })
    }
    places = numbers.places
  }

  /// The numbers that a block's registers have got.
  private struct Numbers {
    // Builders number registers in sequence: a table beats hashing. A block may use any numbers.
    private var table: [Int32] = []
    private var lowest = Int.max
    private var sparse: [VectorRegister: Int] = [:]
    private let pinned: [VectorRegister: Int]
    private(set) var places: [Int] = []
    var isWritten: [Bool] = []

    init(_ block: [VectorInstruction], _ pinned: [VectorRegister: Int]) {
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
      let place = pinned[register]
      places.append(place ?? -1)
      isWritten.append(place != nil)
      return places.count - 1
    }
  }

  /// The instructions whose results are used.
  func withoutDeadInstructions() -> [VectorInstruction] {
    var isLive = places.map { $0 >= 0 }
    var kept: [VectorInstruction] = []
    kept.reserveCapacity(instructions.count)
    for instruction in instructions.reversed() {
      if let destination = instruction.destination, places[destination.id] < 0 {
        if !isLive[destination.id] { continue }
        isLive[destination.id] = false
      }
      instruction.forEachSource { isLive[$0.id] = true }
      kept.append(instruction)
    }
    kept.reverse()
    return kept
  }
}
