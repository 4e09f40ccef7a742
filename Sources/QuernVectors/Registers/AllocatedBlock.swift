/// A block whose registers are the target's.
///
/// It is shared, not copied: text goes through many hands before it is written.
public final class AllocatedBlock: Sendable {
  /// One of the instructions, with the registers it got.
  struct Placed: BitwiseCopyable, Sendable {
    /// Its number among the block's: they are large to copy, and some stand in several places.
    var instruction: Int32
    /// By operand.
    var registers: AllocatedRegisters
  }

  private let instructions: [MachineInstruction]
  private let placed: [Placed]
  /// The C variables that memory operands count from, by their numbers.
  let names: [Name]
  /// Those that it addresses memory by, in the order in which it does.
  let pointers: [Name]
  /// The largest distance from one of them, in bytes.
  let reach: Int

  /// - Parameters:
  ///   - instructions: in any order.
  ///   - placed: in the order they run.
  ///   - names: of the C variables, by number.
  init(_ instructions: [MachineInstruction], _ placed: [Placed], names: [Name]) {
    (self.instructions, self.placed, self.names) = (instructions, placed, names)
    var pointers: [Name] = []
    var isKnown = Array(repeating: false, count: names.count)
    var reach = 0
    for place in placed {
      guard let memory = instructions[Int(place.instruction)].memory else { continue }
      reach = max(reach, abs(Int(memory.offset)))
      if isKnown[Int(memory.pointer)] { continue }
      isKnown[Int(memory.pointer)] = true
      pointers.append(names[Int(memory.pointer)])
    }
    (self.pointers, self.reach) = (pointers, reach)
  }

  var isEmpty: Bool { placed.isEmpty }

  /// Calls `body` with every instruction and its registers, in the order they run.
  func forEachInstruction(_ body: (MachineInstruction, AllocatedRegisters) -> Void) {
    for place in placed { body(instructions[Int(place.instruction)], place.registers) }
  }
}
