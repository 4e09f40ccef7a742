/// A virtual vector register of `Target.lanes` lanes of 32 bits; lanes hold f32 or i32 values.
///
/// A `KernelRenderer` maps it to one of the target's registers.
public struct VectorRegister: Hashable, BitwiseCopyable, Sendable, CustomStringConvertible {
  /// 0 or more; others are given out where instructions are lowered.
  public let id: Int32

  public init(id: Int32) { self.id = id }
  public var description: String { "%\(id)" }
}

/// A place in memory: a C pointer and a constant distance from it.
public struct Address: Hashable, BitwiseCopyable, Sendable {
  /// A C expression, best a plain variable: of type `float *` (`const` or not), `int *` where it
  /// ``holdsIntegers``, or `const unsigned char *` where bytes are loaded. It must have no side effects.
  public var base: Name
  /// Bytes from `base`: a multiple of 4 except where bytes are loaded. No alignment is assumed.
  public var offset: Int
  /// Whether the elements there are i32, by which the C is written: the bits are the same.
  public var holdsIntegers: Bool

  public init(_ base: Name, offset: Int = 0, holdsIntegers: Bool = false) {
    self.base = base
    self.offset = offset
    self.holdsIntegers = holdsIntegers
  }

  public init(_ base: String, offset: Int = 0) { self.init(Name(base), offset: offset) }
}

/// The operand of a binary operation or multiply-add that may come straight from memory.
public enum VectorOperand: Hashable, BitwiseCopyable, Sendable {
  case register(VectorRegister)
  /// All lanes, from consecutive memory.
  case memory(Address)
  /// One 32-bit value in all lanes.
  case broadcast(Address)
}

public enum BinaryOperation: String, CaseIterable, BitwiseCopyable, Sendable, Hashable {
  // f32. `maximum` is `a > b ? a : b`, `minimum` is `a < b ? a : b`, as C writes it: if either
  // is NaN, or both are zeros, the result is b. So max(0, x) keeps a NaN x, max(x, 0) drops it.
  case add, subtract, multiply, divide, maximum, minimum
  // Bits. `andNot` is `~a & b`.
  case and, or, xor, andNot
  // i32, wrapping around on overflow.
  case addInteger, subtractInteger, multiplyInteger, maximumInteger, minimumInteger
}

public enum UnaryOperation: String, CaseIterable, BitwiseCopyable, Sendable, Hashable {
  /// f32; correctly rounded; NaN for negative values.
  case squareRoot
  /// f32; to the nearest integral value, ties to even; and downwards.
  case roundToNearest, floor
  /// f32, by the sign bit: also right for zeros and NaN.
  case negate, absolute
  /// i32 to f32, rounded to nearest.
  case convertToFloat
  /// f32 to i32; NaN and values out of range give `Int32.min`.
  case truncateToInteger, nearestToInteger
}

/// What a cache line is asked for.
public enum PrefetchPurpose: CaseIterable, BitwiseCopyable, Sendable, Hashable {
  /// It will be read soon: the first-level cache takes it.
  case read
  /// It will be read some thousands of cycles on: the second-level cache takes it, and what is being read
  /// stays in the first.
  case readLater
  /// It will be written: no other core then keeps a copy.
  case write
}

public enum ShiftOperation: String, CaseIterable, BitwiseCopyable, Sendable, Hashable {
  case left, rightLogical, rightArithmetic
}

/// Comparisons as C has them: with NaN all are false but `notEqual`.
public enum Comparison: String, CaseIterable, BitwiseCopyable, Sendable, Hashable {
  case less, lessOrEqual, equal, notEqual, greater, greaterOrEqual

  /// As C writes it.
  public var operatorText: String {
    switch self {
    case .less: "<"
    case .lessOrEqual: "<="
    case .equal: "=="
    case .notEqual: "!="
    case .greater: ">"
    case .greaterOrEqual: ">="
    }
  }
}

/// How the 32 bits of a lane are read.
public enum LaneType: String, CaseIterable, BitwiseCopyable, Sendable, Hashable { case f32, i32 }

public enum ReduceOperation: String, CaseIterable, BitwiseCopyable, Sendable, Hashable {
  case sum, maximum, minimum
}

/// Rearrangements of lanes, within each group of four lanes unless said otherwise.
public enum ShuffleOperation: Hashable, BitwiseCopyable, Sendable {
  /// (a0, b0, a1, b1) and (a2, b2, a3, b3).
  case interleaveLow, interleaveHigh
  /// (a0, a1, b0, b1) and (a2, a3, b2, b3).
  case interleavePairsLow, interleavePairsHigh
  /// Whole groups of four: on 8 lanes (a[i], b[j]) where bits 0 and 1 of the immediate are i and j;
  /// on 16 lanes (a[i], a[j], b[k], b[l]), two bits each.
  case groups(Int)
}

/// One vector instruction. Lanes are f32 unless said otherwise. The destination comes first.
///
/// `count`, where there is one, is a constant 1...lanes: the first `count` lanes take part; `nil`
/// means all.
public enum VectorInstruction: Hashable, BitwiseCopyable, Sendable {
  /// Lanes from consecutive memory; lanes past `count` become zero and are not read.
  case load(VectorRegister, Address, count: Int? = nil)
  /// Lanes to consecutive memory; bytes past `count` lanes are not touched.
  case store(Address, VectorRegister, count: Int? = nil)
  /// u8 values widened to i32 lanes; lanes past `count` become zero and are not read.
  case loadBytes(VectorRegister, Address, count: Int? = nil)
  /// One 32-bit value in all lanes.
  case broadcast(VectorRegister, Address)
  /// A constant's bits in all lanes: see also `constant(_:_:)` and `zero(_:)`.
  case constantBits(VectorRegister, UInt32)
  /// 0, 1, 2, … lanes-1 as i32.
  case laneIndices(VectorRegister)
  case move(VectorRegister, VectorRegister)
  case unary(UnaryOperation, VectorRegister, VectorRegister)
  /// dst = a op b.
  case binary(BinaryOperation, VectorRegister, VectorRegister, VectorOperand)
  /// Shift of i32 lanes by a constant 0...31.
  case shift(ShiftOperation, VectorRegister, VectorRegister, by: Int)
  /// dst = ±a·b + c, fused (one rounding) on the AVX targets, rounded twice on the portable one.
  /// An accumulator is one register as both `dst` and `c`. Only the first `count` lanes matter, by default
  /// all: what the others become is left open.
  case multiplyAdd(
    VectorRegister, a: VectorRegister, b: VectorOperand, c: VectorRegister, negated: Bool = false,
    count: Int? = nil)
  /// dst = a cmp b ? ifTrue : ifFalse, lane by lane.
  case compareSelect(
    VectorRegister, Comparison, LaneType, VectorRegister, VectorRegister,
    ifTrue: VectorRegister, ifFalse: VectorRegister)
  /// The first `count` lanes of `first`, the other lanes of `rest`.
  case blend(VectorRegister, count: Int, first: VectorRegister, rest: VectorRegister)
  /// All lanes of dst become the reduction over the (first `count`) lanes. The order is fixed:
  /// lane i is joined with lane i^8 (16 lanes only), then i^4, i^2, i^1.
  case reduce(ReduceOperation, VectorRegister, VectorRegister, count: Int? = nil)
  case shuffle(ShuffleOperation, VectorRegister, VectorRegister, VectorRegister)
  /// Asks for a cache line ahead. Never faults.
  case prefetch(Address, PrefetchPurpose = .read)
  /// To be the last instruction of every kernel function: on the AVX targets it clears the upper
  /// halves of the registers (`vzeroupper`), so that SSE code after it is not slowed down.
  case end

  public static func constant(_ register: VectorRegister, _ value: Float) -> Self {
    .constantBits(register, value.bitPattern)
  }
  public static func constant(_ register: VectorRegister, _ value: Int32) -> Self {
    .constantBits(register, UInt32(bitPattern: value))
  }
  public static func zero(_ register: VectorRegister) -> Self { .constantBits(register, 0) }

  /// acc += a·b, or acc -= a·b where `negated`, in the first `count` lanes at least.
  public static func accumulate(
    _ accumulator: VectorRegister, _ a: VectorRegister, _ b: VectorOperand, negated: Bool = false,
    count: Int? = nil
  ) -> Self {
    .multiplyAdd(accumulator, a: a, b: b, c: accumulator, negated: negated, count: count)
  }
}
