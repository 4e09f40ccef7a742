/// The product of `extents`, or nil if it does not fit into `Int` or an extent is negative.
func product(_ extents: some Sequence<Int>) -> Int? {
  var result = 1
  var overflowed = false
  for extent in extents {
    if extent < 0 { return nil }
    // A zero makes the product zero, however large the others are.
    if extent == 0 { return 0 }
    if overflowed { continue }
    (result, overflowed) = result.multipliedReportingOverflow(by: extent)
  }
  return overflowed ? nil : result
}

/// `[60000, 28, 28]` as "60000×28×28"; a scalar's empty shape as "()".
func text(shape: [Int]) -> String {
  shape.isEmpty ? "()" : shape.map(String.init).joined(separator: "×")
}
