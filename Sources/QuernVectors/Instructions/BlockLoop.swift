/// A loop around one block of vector instructions, of which pointers go on by a fixed distance each
/// time.
///
/// For TinyCC the loop is machine code too: in its C, a counter and every pointer are read from
/// memory and written back each time, a quarter of all instructions around a matrix product's tile.
public struct BlockLoop: Sendable {
  /// How far a pointer moves each time.
  public struct Advance: BitwiseCopyable, Sendable {
    /// A C variable.
    public var pointer: Name
    public var elements: Int
    /// Of one element.
    public var byteCount: Int

    public init(_ pointer: Name, elements: Int, byteCount: Int = 4) {
      self.pointer = pointer
      self.elements = elements
      self.byteCount = byteCount
    }

    var distance: Int { elements * byteCount }

    /// The statement in C.
    var text: String { "\(pointer) += \(elements);" }
  }

  /// The loop's C variable, from 0.
  public var variable: String
  /// How often the block runs; 1 or more.
  public var rounds: Int
  /// How far the variable goes each time.
  public var step: Int
  public var advances: [Advance]

  public init(_ variable: String, rounds: Int, step: Int = 1, advances: [Advance]) {
    self.variable = variable
    self.rounds = rounds
    self.step = step
    self.advances = advances
  }

  /// What stands before the braces in C: `for (long c = 0; c < 784; c += 4)`.
  public var head: String {
    let next = step == 1 ? "\(variable)++" : "\(variable) += \(step)"
    return "for (long \(variable) = 0; \(variable) < \(rounds * step); \(next))"
  }

  /// The loop in C around lines of C.
  func lines(around body: [String]) -> [String] {
    [head + " {"] + (body + advances.map(\.text)).map { "  " + $0 } + ["}"]
  }
}
