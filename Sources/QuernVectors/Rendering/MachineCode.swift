/// A block's machine code as a function that text for TinyCC calls.
///
/// It expects pointers in the general registers that the calling statement names, and leaves values
/// in vector registers to the blocks that follow, as no function written in C could.
public struct MachineCode: Sendable, Hashable {
  public var name: String
  /// With the return at the end.
  public var bytes: [UInt8]
}
