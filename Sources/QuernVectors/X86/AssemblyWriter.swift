import QuernMachine

/// Collects the bytes of blocks, in as few statements as their pointers find registers.
struct AssemblyWriter: ~Copyable {
  private var encoder: InstructionEncoder
  /// All that were mentioned. So few are looked through faster than hashed.
  private var variables: [Variable] = []
  /// The variables that are in registers, in these registers' order.
  private var roots: [Int] = []
  private var statements: [AssemblyStatement] = []

  /// A C variable that points somewhere.
  private struct Variable {
    var name: Name
    /// The variable from which it counts: itself, unless it points where another does.
    var root: Int
    /// Bytes from where the statement found the root.
    var distance = 0
    /// How far its register is from where the statement found it, in bytes.
    var moved = 0
    /// The register that it is in, if it is a root.
    var register: Int?
  }

  /// General registers that inline assembler can ask for by a letter. rbx is last: it belongs to
  /// the caller, and TinyCC saves and restores it around the statement.
  private static let baseRegisters: [(number: Int, constraint: String)] = [
    (6, "S"), (7, "D"), (1, "c"), (2, "d"), (0, "a"), (3, "b"),
  ]

  init(target: Target) { encoder = InstructionEncoder(target: target) }

  mutating func append(_ block: AllocatedBlock) {
    // By pointer of the block, while the statement goes on.
    var places = [InstructionEncoder.Place?](repeating: nil, count: block.names.count)
    var statement = statements.count
    block.forEachInstruction { instruction, registers in
      guard case .x86(let encoding)? = instruction.encoding else { return }
      var place = InstructionEncoder.Place(base: 0, displacement: 0)
      if let memory = instruction.memory {
        let pointer = Int(memory.pointer)
        if let known = places[pointer] {
          place = known
        } else {
          place = self.place(of: index(of: block.names[pointer]))
          if statement != statements.count {
            statement = statements.count
            for other in places.indices { places[other] = nil }
          }
          places[pointer] = place
        }
        place.displacement += Int(memory.offset)
      }
      encoder.append(encoding, registers, place)
    }
  }

  private mutating func index(of name: Name) -> Int {
    if let known = variables.firstIndex(where: { $0.name == name }) { return known }
    variables.append(Variable(name: name, root: variables.count))
    return variables.count - 1
  }

  /// Where a variable points, from a register.
  private mutating func place(of variable: Int) -> InstructionEncoder.Place {
    let root = variables[variable].root
    // First of all: it may start a new statement.
    let base = register(of: root)
    return InstructionEncoder.Place(
      base: base, displacement: variables[variable].distance - variables[root].moved)
  }

  private mutating func register(of root: Int) -> Int {
    if let register = variables[root].register { return register }
    if roots.count == Self.baseRegisters.count { finishStatement() }
    let register = Self.baseRegisters[roots.count].number
    variables[root].register = register
    roots.append(root)
    return register
  }

  /// A variable that points where another does, and that nothing but this code needs.
  mutating func alias(_ name: Name, of other: Name) {
    let (variable, other) = (index(of: name), index(of: other))
    variables[variable].root = variables[other].root
    variables[variable].distance = variables[other].distance
  }

  /// Moves a variable, from which later addresses count; its register follows at the end.
  mutating func advance(_ advance: BlockLoop.Advance) {
    let variable = index(of: advance.pointer)
    if variables[variable].root == variable { _ = register(of: variable) }
    variables[variable].distance += advance.distance
  }

  /// A block in a loop, in one statement. No variable that it moves may share its register with
  /// another that it uses.
  mutating func loop(_ block: AllocatedBlock, _ loop: BlockLoop) {
    var needed: [Int] = []
    for name in Self.pointers(block, loop) {
      let root = variables[index(of: name)].root
      if !needed.contains(root) { needed.append(root) }
    }
    let more = needed.count { variables[$0].register == nil }
    if roots.count + more > Self.baseRegisters.count { finishStatement() }
    for root in needed { _ = register(of: root) }
    Encoder.loadCounter(loop.rounds, into: &encoder.bytes)
    encoder.forget()
    let start = encoder.bytes.count
    append(block)
    for advance in loop.advances {
      let base = register(of: variables[index(of: advance.pointer)].root)
      Encoder.advance(base, by: advance.distance, into: &encoder.bytes)
    }
    Encoder.countDown(loopStart: start, into: &encoder.bytes)
    for advance in loop.advances {
      let variable = index(of: advance.pointer)
      let distance = advance.distance * loop.rounds
      variables[variable].distance += distance
      variables[variables[variable].root].moved += distance
    }
  }

  /// All pointers that a loop goes by, each once.
  static func pointers(_ block: AllocatedBlock, _ loop: BlockLoop) -> [Name] {
    var pointers = block.pointers
    for advance in loop.advances where !pointers.contains(advance.pointer) {
      pointers.append(advance.pointer)
    }
    return pointers
  }

  /// Whether a loop finds registers for all that it addresses.
  static func canLoop(_ block: AllocatedBlock, _ loop: BlockLoop) -> Bool {
    pointers(block, loop).count <= baseRegisters.count
  }

  /// All statements since the last call.
  mutating func take() -> [AssemblyStatement] {
    finishStatement()
    defer { statements = [] }
    return statements
  }

  private mutating func finishStatement() {
    var outputs = ""
    var inputs = ""
    for (root, register) in zip(roots, Self.baseRegisters) {
      let variable = variables[root]
      if variable.distance == 0 {
        // That the register may have moved is no matter: TinyCC expects nothing of it afterwards.
        inputs += (inputs.isEmpty ? " \"" : ", \"") + register.constraint + "\"("
        inputs += variable.name.text + ")"
      } else {
        let rest = variable.distance - variable.moved
        if rest != 0 { Encoder.advance(register.number, by: rest, into: &encoder.bytes) }
        outputs += (outputs.isEmpty ? " \"+" : ", \"+") + register.constraint + "\"("
        outputs += variable.name.text + ")"
      }
    }
    if encoder.bytes.count > 0 {
      statements.append(
        AssemblyStatement(
          bytes: encoder.bytes.elements,
          operands: ":\(outputs)\(outputs.isEmpty ? "" : " "):"
            + "\(inputs.isEmpty ? " " : inputs) : \"memory\""))
    }
    // From here on distances count from where the variables are now.
    for root in roots where variables[root].distance != 0 {
      let distance = variables[root].distance
      for index in variables.indices where variables[index].root == root {
        variables[index].distance -= distance
      }
    }
    for root in roots {
      variables[root].moved = 0
      variables[root].register = nil
    }
    encoder.forget()
    encoder.bytes.removeAll()
    roots.removeAll(keepingCapacity: true)
  }
}
