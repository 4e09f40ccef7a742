import QuernKernels
import QuernMachine

/// The C text that must stand once before generated functions.
public enum Prelude {
  /// Types, constants and macros that a target's blocks use.
  ///
  /// - Parameters:
  ///   - target: the instruction set of the blocks.
  ///   - narrow: whether blocks of `Target.avx2` stand beside those of `Target.avx512`.
  public static func text(for target: Target, narrow: Bool = false) -> String {
    let common = String(cString: quern_prelude_common())
    let avx2 = String(cString: quern_prelude_avx2())
    return switch target {
    case .avx512: common + String(cString: quern_prelude_avx512()) + (narrow ? avx2 : "")
    case .avx2: common + avx2
    case .portable: common + String(cString: quern_prelude_portable())
    }
  }

  /// A macro of the prelude, to be written before the return type of every function that contains
  /// blocks: the attribute by which gcc and clang allow the target's instructions there.
  public static let functionAttribute = "QUERN_KERNEL"
}
