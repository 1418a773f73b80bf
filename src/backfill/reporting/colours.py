"""Colours that can be told apart, for figures and pages."""

# Okabe & Ito (2008), chosen to stay distinct under the common colour vision deficiencies. Their
# yellow is left out: it is too pale for a line on white. The darker colours come first.
PALETTE = ("#0072B2", "#D55E00", "#009E73", "#CC79A7", "#000000", "#56B4E9", "#E69F00")
GREY = "#767676"
