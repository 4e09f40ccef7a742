/// How a line is drawn.
public struct Stroke: Hashable, Sendable {
  public var color: Color
  /// In pixels.
  public var width: Double
  /// Lengths of dashes and gaps in turn, in pixels; none for a line without gaps.
  public var dashes: [Double]
  /// From 0, not to be seen, to 1.
  public var opacity: Double

  public init(
    _ color: Color = .outline, width: Double = 1.5, dashes: [Double] = [], opacity: Double = 1
  ) {
    self.color = color
    self.width = width
    self.dashes = dashes
    self.opacity = opacity
  }

  func apply(to element: inout SVGElement) {
    element.set("stroke", color.hex)
    element.set("stroke-width", NumberText.coordinate(width))
    if element.name == "path" {
      element.set("stroke-linejoin", "round")
      element.set("stroke-linecap", dashes.isEmpty ? "round" : "butt")
    }
    if !dashes.isEmpty {
      element.set("stroke-dasharray", dashes.map(NumberText.coordinate).joined(separator: " "))
    }
    if opacity < 1 { element.set("stroke-opacity", NumberText.coordinate(max(opacity, 0))) }
  }
}

/// How text is set.
public struct TextStyle: Hashable, Sendable {
  /// Which of its points a text is placed by.
  public enum Anchor: String, Hashable, Sendable { case start, middle, end }

  /// Of the font, in pixels.
  public var size: Double
  public var color: Color
  public var anchor: Anchor
  public var isBold: Bool
  public var isItalic: Bool

  public init(
    size: Double = 12, color: Color = .ink, anchor: Anchor = .start, isBold: Bool = false,
    isItalic: Bool = false
  ) {
    self.size = size
    self.color = color
    self.anchor = anchor
    self.isBold = isBold
    self.isItalic = isItalic
  }

  /// About how wide a line of text becomes, in pixels: which font the viewer takes is not known.
  ///
  /// Widths are those of a sans-serif of the wider kind, so that boxes made for a text hold it.
  public func width(of text: String) -> Double {
    let ems = text.unicodeScalars.reduce(0.0) { $0 + Self.ems(of: $1) }
    return ems * size * (isBold ? 1.06 : 1)
  }

  /// The width of a character, in sizes of the font.
  private static func ems(of scalar: Unicode.Scalar) -> Double {
    switch scalar {
    case "i", "j", "l", "I", ".", ",", ":", ";", "'", "|", "!": 0.32
    case "f", "t", "r", " ", "(", ")", "[", "]", "-", "/": 0.38
    case "m", "w", "M", "W", "%", "@": 0.92
    case "⁰"..."₎", "¹", "²", "³": 0.42
    case "A"..."Z", "←"..."⇿", "∀"..."⋿", "‖", "×": 0.7
    // Combining marks take no place; wide scripts a whole em.
    case "\u{300}"..."\u{36f}": 0
    case "\u{2e80}"..."\u{9fff}", "\u{ac00}"..."\u{d7af}": 1
    default: 0.6
    }
  }
}
