extension VectorBuilder {
}
