/// A number among settings, such as ``Trainer/Settings`` or ``GradientDescent/Settings``, that makes
/// no sense.
public struct SettingsError: Error, Hashable, Sendable, CustomStringConvertible {
  public var description: String
}
