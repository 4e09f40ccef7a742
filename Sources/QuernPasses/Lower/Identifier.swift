extension String {
  /// With `_` in the place of what names in C are not made of.
  package var asIdentifier: String {
    var scalars = UnicodeScalarView()
    for scalar in unicodeScalars {
      switch scalar {
      case "a"..."z", "A"..."Z", "0"..."9", "_": scalars.append(scalar)
      default: scalars.append("_")
      }
    }
    return String(scalars)
  }
}
