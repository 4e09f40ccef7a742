/// Constants taken out of blocks: to be set once, before the loops.
public struct HoistedConstants: Sendable {
  /// Writes the constants: to be rendered before the loops, once `registers` are pinned.
  public var prologue: [VectorInstruction] = []
  /// To be pinned.
  public var registers: [VectorRegister] = []
}

extension VectorBuilder {
  /// Takes constants out of the blocks of a loop, the most used first, one register for all with the
  /// same bits. A constant whose register is written again in its block stays where it is.
  ///
  /// - Parameters:
  ///   - blocks: rewritten to read the new registers.
  ///   - limit: how many registers may be used, at most. A few must be left for the blocks'
  ///     temporaries: see `VectorBuilder.pressure(of:)`.
  public mutating func hoistConstants(
    from blocks: inout [[VectorInstruction]], limit: Int
  ) -> HoistedConstants {
    var uses: [UInt32: Int] = [:]
    var order: [UInt32] = []
    let writes = blocks.map { block in
      block.reduce(into: [VectorRegister: Int]()) { counts, instruction in
        if let register = instruction.destination { counts[register, default: 0] += 1 }
      }
    }
    for (block, writes) in zip(blocks, writes) {
      for case .constantBits(let register, let bits) in block where writes[register] == 1 {
        if uses[bits] == nil { order.append(bits) }
        uses[bits, default: 0] += 1
      }
    }
    // Sorting is not stable: ties go by first appearance, so that the text is reproducible.
    let ranked = order.enumerated().sorted {
      let (a, b) = (uses[$0.element] ?? 0, uses[$1.element] ?? 0)
      return a != b ? a > b : $0.offset < $1.offset
    }
    var result = HoistedConstants()
    var places: [UInt32: VectorRegister] = [:]
    for (_, bits) in ranked.prefix(max(0, limit)) {
      let register = newRegister()
      places[bits] = register
      result.registers.append(register)
      result.prologue.append(.constantBits(register, bits))
    }
    for index in blocks.indices {
      var renamed: [VectorRegister: VectorRegister] = [:]
      blocks[index] = blocks[index].compactMap { instruction in
        if case .constantBits(let register, let bits) = instruction,
          writes[index][register] == 1, let place = places[bits]
        {
          renamed[register] = place
          return nil
        }
        return instruction.renaming(destination: { $0 }, sources: { renamed[$0] ?? $0 })
      }
    }
    return result
  }

  /// The most temporaries that live at once in a block, its constants not counted if `withConstants`
  /// is false: what rendering it takes besides pinned registers.
  public static func pressure(
    of block: [VectorInstruction], pinned: Set<VectorRegister> = [], withConstants: Bool = true
  ) -> Int {
    var live: Set<VectorRegister> = []
    var constants: Set<VectorRegister> = []
    if !withConstants {
      for case .constantBits(let register, _) in block { constants.insert(register) }
    }
    var most = 0
    for instruction in block.reversed() {
      if let destination = instruction.destination, !pinned.contains(destination) {
        most = max(most, live.union([destination]).count)
        live.remove(destination)
      }
      for source in instruction.sources
      where !pinned.contains(source) && !constants.contains(source) {
        live.insert(source)
      }
      most = max(most, live.count)
    }
    return most
  }
}
