import QuernKernels

/// The vector instruction set that kernels are written for: a row of a table.
///
/// What code depends on is asked of the row's properties, never of its name.
public struct Target: Hashable, Sendable {
  /// The row's place in the table, by which targets are compared and hashed.
  private let number: UInt8

  private init(number: Int) { self.number = UInt8(number) }

  private var row: Row { Self.table[Int(number)] }
}

// MARK: The table

extension Target {
  /// Who writes a target's instructions, as C and as bytes: a folder of QuernVectors each.
  package enum Family: Sendable { case x86, portable }

  /// What is known of a target; the properties of `Target` say what each means.
  private struct Row: Sendable {
    var name: String
    var family: Family
    var vectorBytes: Int
    var registerCount: Int
    var hasHalves = false
    var hasMasks = false
    var narrower: Target?
    var isSupported: @Sendable () -> Bool
    var isDoublePumped: @Sendable () -> Bool = { false }
  }

  /// In order of preference.
  private static let table = [
    Row(
      name: "avx512", family: .x86, vectorBytes: 64, registerCount: 32, hasHalves: true,
      hasMasks: true, narrower: .avx2, isSupported: { quern_supports_avx512() != 0 },
      isDoublePumped: { quern_halves_avx512() != 0 }),
    Row(
      name: "avx2", family: .x86, vectorBytes: 32, registerCount: 16,
      isSupported: { quern_supports_avx2() != 0 }),
    Row(
      name: "portable", family: .portable, vectorBytes: 32, registerCount: 32,
      isSupported: { true }),
  ]

  /// AVX-512 F, BW, DQ and VL: 32 registers of 64 bytes.
  public static let avx512 = Target(number: 0)
  /// AVX2 and FMA: 16 registers of 32 bytes.
  public static let avx2 = Target(number: 1)
  /// Plain C on vectors of 32 bytes: every machine, every compiler.
  public static let portable = Target(number: 2)

  /// All there are, in order of preference.
  public static let all = table.indices.map(Target.init(number:))

  /// The first that this processor supports.
  public static var best: Target { all.first(where: \.isSupported) ?? .portable }
}

// MARK: What the row says

extension Target {
  public var name: String { row.name }

  package var family: Family { row.family }

  /// Bytes of one register.
  public var vectorBytes: Int { row.vectorBytes }

  /// Elements of so many bytes each that one register holds.
  public func lanes(ofBytes bytes: Int) -> Int { vectorBytes / bytes }

  /// Elements of 4 bytes that one register holds: `float32` or `int32`.
  public var lanes: Int { lanes(ofBytes: 4) }

  /// Registers a kernel may keep values in; at most 32. The portable target's are C variables.
  public var registerCount: Int { row.registerCount }

  /// Whether an instruction can go by half of a register's lanes, which takes half the time where
  /// ``isDoublePumped``. (Half of AVX2's would take as long as the whole.)
  public var hasHalves: Bool { row.hasHalves }

  /// Whether registers of masks choose the lanes that an instruction works on. On x86 that is the
  /// EVEX encoding, which also takes one value from memory for all lanes.
  package var hasMasks: Bool { row.hasMasks }

  /// The target with vectors half as wide that each processor with this one's has as well.
  package var narrower: Target? { row.narrower }

  /// Whether this processor, under this operating system, runs the target's instructions.
  public var isSupported: Bool { row.isSupported() }

  /// Whether this processor works off each of the target's vectors in two halves.
  public var isDoublePumped: Bool { row.isDoublePumped() }
}

extension Target: LosslessStringConvertible {
  /// The target of a name; nil where there is none.
  public init?(_ name: String) {
    guard let target = Self.all.first(where: { $0.name == name }) else { return nil }
    self = target
  }

  public var description: String { name }
}
