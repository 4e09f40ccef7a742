/// What the processor can do at best, measured in the same run as what it is compared with.
struct MachineLimits {
  /// Floating-point operations a second in fused multiply-adds, two each, on all threads together.
  var operationsPerSecond: Double

  /// Measures; nil where this build cannot.
  static func measure(threads: Int) -> MachineLimits? { nil }
}
