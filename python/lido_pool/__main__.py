# SPDX-License-Identifier: Apache-2.0
from lido_pool import main

main()
