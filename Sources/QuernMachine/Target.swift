import QuernKernels

/// The vector instruction set a kernel is written for.
///
/// - `avx512`: AVX-512 F, BW, DQ and VL: 32 registers of 16 lanes.
/// - `avx2`: AVX2 and FMA: 16 registers of 8 lanes.
/// - `portable`: plain C on 8-lane vectors: every machine, every compiler.
public enum Target: String, CaseIterable, Sendable, Hashable, CustomStringConvertible {
  case avx512, avx2, portable

  /// f32 (or i32) lanes of one register.
  public var lanes: Int { self == .avx512 ? 16 : 8 }

  /// Bits of one register.
  package var bits: Int { lanes * 32 }

  /// Whether an instruction can go by half of a register's lanes, which takes half the time where
  /// ``isDoublePumped``. (Half of AVX2's would take as long as the whole.)
  public var hasHalves: Bool { self == .avx512 }

  /// Registers a kernel may keep values in. The portable target's are C variables.
  public var registerCount: Int { self == .avx2 ? 16 : 32 }

  /// Whether this processor, under this operating system, runs the target's instructions.
  public var isSupported: Bool {
    switch self {
    case .avx512: quern_supports_avx512() != 0
    case .avx2: quern_supports_avx2() != 0
    case .portable: true
    }
  }

  /// Whether this processor works off each of the target's vectors in two halves.
  public var isDoublePumped: Bool { self == .avx512 && quern_halves_avx512() != 0 }

  /// The widest target this processor supports.
  public static var best: Target { allCases.first(where: \.isSupported) ?? .portable }

  public var description: String { rawValue }
}
