/// A block whose registers are numbered from 0, so that tables are arrays.
struct NumberedBlock {
  private var instructions: [VectorInstruction] = []
  /// By number: where a pinned register is, -1 for temporaries.
  private(set) var places: [Int] = []

  /// - Throws: `VectorError.readBeforeWrite`.
  init(_ block: [VectorInstruction], pinned: [VectorRegister: Int]) throws {
    // Builders number registers in sequence: a table beats hashing. A block may use any numbers.
    var lowest = Int.max
    var highest = Int.min
    func span(_ register: VectorRegister) {
      lowest = min(lowest, register.id)
      highest = max(highest, register.id)
    }
    for instruction in block {
      instruction.forEachSource(span)
      if let destination = instruction.destination { span(destination) }
    }
    let width = highest.subtractingReportingOverflow(lowest)
    let isDense = lowest <= highest && !width.overflow && width.partialValue < 1 << 20
    var table = isDense ? Array(repeating: Int32(-1), count: width.partialValue + 1) : []
    var sparse: [VectorRegister: Int] = [:]
    var places: [Int] = []
    var isWritten: [Bool] = []

    func number(_ register: VectorRegister) -> VectorRegister {
      if isDense {
        let known = table[register.id - lowest]
        if known >= 0 { return VectorRegister(id: Int(known)) }
        table[register.id - lowest] = Int32(places.count)
      } else {
        if let known = sparse[register] { return VectorRegister(id: known) }
        sparse[register] = places.count
      }
      let place = pinned[register]
      places.append(place ?? -1)
      isWritten.append(place != nil)
      return VectorRegister(id: places.count - 1)
    }

    instructions.reserveCapacity(block.count)
    for instruction in block {
      try instruction.forEachSource { register in
        if !isWritten[number(register).id] {
          throw VectorError.readBeforeWrite(register, instruction: String(describing: instruction))
        }
      }
      if let destination = instruction.destination { isWritten[number(destination).id] = true }
      instructions.append(instruction.renaming(destination: number, sources: number))
    }
    self.places = places
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
