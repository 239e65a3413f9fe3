// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

interface IMinter {
    event SetCurrentRewardTokens(uint256 currentMintableTokens, uint256 currentInflation);

    function createReward(uint256 num, uint256 den) external returns (uint256);

    function trustedTransferTokens(address to, uint256 amount) external;

    function trustedBurnTokens(uint256 amount) external;

    function trustedWithdrawETH(address payable to, uint256 amount) external;

    function depositETH() external payable returns (bool);

    function setCurrentRewardTokens() external;

    function getController() external view returns (address);
}
